; Calls a compiled function by its address and looks at the array again afterwards.
define i64 @caller(ptr %th, ptr %self, ptr addrspace(1) %array, i64 %n, double %z, i64 %callee, i64 %code) "frame-pointer"="all" gc "statepoint-example" {
entry:
  %target = inttoptr i64 %code to ptr
  %r = call i64 %target(ptr %th, i64 %callee, ptr addrspace(1) %array, i64 %n, double %z) [ "deopt"(i64 0) ]
  %first = getelementptr i8, ptr addrspace(1) %array, i64 16
  %x = load i64, ptr addrspace(1) %first
  %sum = add i64 %r, %x
  ret i64 %sum
}
