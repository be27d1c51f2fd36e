; Leaves for the interpreter with values of every kind: parameters, a float, a sum made here, constants small and large.
declare i64 @tz_native_deopt_int(ptr)
declare i64 @tz_native_poll(ptr)

define i64 @leave(ptr %th, ptr %self, ptr addrspace(1) %array, i64 %n, double %z) "frame-pointer"="all" gc "statepoint-example" {
entry:
  %twice = add i64 %n, %n
  %half = fdiv double %z, 2.0
  %polled = call i64 @tz_native_poll(ptr %th) [ "deopt"(i64 1) ]
  %r = call i64 @tz_native_deopt_int(ptr %th) [ "deopt"(i64 0, ptr addrspace(1) %array, i64 %n, double %z, i64 %twice, double %half, i64 7, i64 81985529216486895) ]
  ret i64 %r
}
