; Sums an array by an interior pointer that lives across allocations and polls. compiled.c says what for.
declare ptr addrspace(1) @tz_native_new(ptr, i64)
declare i64 @tz_native_poll(ptr)

define i64 @moving(ptr %th, ptr %self, ptr addrspace(1) %array, i64 %n, i64 %class) "frame-pointer"="all" gc "statepoint-example" {
entry:
  %first = getelementptr i8, ptr addrspace(1) %array, i64 16
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %next]
  %sum = phi i64 [0, %entry], [%sum1, %next]
  %p = phi ptr addrspace(1) [%first, %entry], [%p1, %next]
  %box = call ptr addrspace(1) @tz_native_new(ptr %th, i64 %class) [ "deopt"(i64 0) ]
  %failed = icmp eq ptr addrspace(1) %box, null
  br i1 %failed, label %fail, label %made
made:
  %field = getelementptr i8, ptr addrspace(1) %box, i64 8
  %x = load i64, ptr addrspace(1) %p
  store i64 %x, ptr addrspace(1) %field
  %left = call i64 @tz_native_poll(ptr %th) [ "deopt"(i64 0) ]
  %y = load i64, ptr addrspace(1) %field
  %length.at = getelementptr i8, ptr addrspace(1) %array, i64 8
  %length = load i64, ptr addrspace(1) %length.at
  %same = icmp eq i64 %length, %n
  br i1 %same, label %next, label %fail
next:
  %sum1 = add i64 %sum, %y
  %p1 = getelementptr i8, ptr addrspace(1) %p, i64 8
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %n
  br i1 %more, label %loop, label %done
done:
  ret i64 %sum1
fail:
  ret i64 -1
}
