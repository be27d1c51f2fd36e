; Fails in a runtime function within inlined code; calls of the lower tiers by way of the stub, with a constant in memory.
declare ptr addrspace(1) @tz_native_new_array(ptr, i64, i64)
declare i64 @tz_vm_call_stub(ptr, i64, i64, double)

define i64 @raise(ptr %th, ptr %self, i64 %type, i64 %n, i64 %callee) "frame-pointer"="all" gc "statepoint-example" {
entry:
  %array = call ptr addrspace(1) @tz_native_new_array(ptr %th, i64 %type, i64 %n) [ "deopt"(i64 0) ]
  %failed = icmp eq ptr addrspace(1) %array, null
  br i1 %failed, label %fail, label %made
made:
  %r = call i64 @tz_vm_call_stub(ptr %th, i64 %callee, i64 %n, double 0x3FF3C083126E978D) [ "deopt"(i64 1) ]
  ret i64 %r
fail:
  ret i64 0
}
