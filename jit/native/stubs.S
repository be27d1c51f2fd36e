/* stubs.S: the ways between C and compiled code that no C compiler can write. native.h has the convention. */
#if defined(__x86_64__)
        .text

/* With the frame record that walks look for (native.h). */
        .macro  open_frame
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        .endm
        .macro  close_frame
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .endm
/* xmm0 to xmm`last`, from sp + `at` on. */
        .macro  save_floats last, at
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .if     \n <= \last
        movsd   %xmm\n, \at + 8 * \n(%rsp)
        .endif
        .endr
        .endm

/* tz_native_result tz_native_invoke(const void *code, tz_thread *th, tz_function *f, const tz_call_registers *registers,
 *                                   const uint64_t *stack, size_t n)
 * Calls compiled code with n (even) words on the stack. The result's two registers come back in rax and rdx. */
        .globl  tz_native_invoke
        .type   tz_native_invoke, @function
tz_native_invoke:
        .cfi_startproc
        open_frame
        testq   %r9, %r9
        jz      2f
1:      pushq   -8(%r8,%r9,8)
        decq    %r9
        jnz     1b
2:      movq    %rdi, %r11
        movq    %rcx, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movsd   32(%rax), %xmm0
        movsd   40(%rax), %xmm1
        movsd   48(%rax), %xmm2
        movsd   56(%rax), %xmm3
        movsd   64(%rax), %xmm4
        movsd   72(%rax), %xmm5
        movsd   80(%rax), %xmm6
        movsd   88(%rax), %xmm7
        movq    0(%rax), %rdx
        movq    8(%rax), %rcx
        movq    16(%rax), %r8
        movq    24(%rax), %r9
        call    *%r11
        movq    %xmm0, %rdx
        close_frame
        .cfi_endproc
        .size   tz_native_invoke, .-tz_native_invoke

/* The compiled convention, to uint64_t tz_native_call_vm(th, f, const tz_word *saved): saved[0..3] int registers, [4..11]
 * float registers, [12..13] the frame record, from [14] on the arguments on the stack. */
        .globl  tz_vm_call_stub
        .type   tz_vm_call_stub, @function
tz_vm_call_stub:
        .cfi_startproc
        open_frame
        subq    $96, %rsp
        movq    %rdx, 0(%rsp)
        movq    %rcx, 8(%rsp)
        movq    %r8, 16(%rsp)
        movq    %r9, 24(%rsp)
        save_floats 7, 32
        movq    %rsp, %rdx
        call    tz_native_call_vm
        movq    %rax, %xmm0
        close_frame
        .cfi_endproc
        .size   tz_vm_call_stub, .-tz_vm_call_stub

/* uint64_t tz_native_deopt(th, const uint64_t *registers, const void *const *record): registers by DWARF number, 0..15 the
 * general ones, 17..32 xmm0..15 (their low halves). One body for every type of result. */
        .globl  tz_native_deopt_int
        .globl  tz_native_deopt_float
        .globl  tz_native_deopt_ref
        .type   tz_native_deopt_int, @function
        .type   tz_native_deopt_float, @function
        .type   tz_native_deopt_ref, @function
tz_native_deopt_int:
tz_native_deopt_float:
tz_native_deopt_ref:
        .cfi_startproc
        open_frame
        subq    $272, %rsp
        movq    %rax, 0(%rsp)
        movq    %rdx, 8(%rsp)
        movq    %rcx, 16(%rsp)
        movq    %rbx, 24(%rsp)
        movq    %rsi, 32(%rsp)
        movq    %rdi, 40(%rsp)
        movq    0(%rbp), %rax
        movq    %rax, 48(%rsp)
        leaq    16(%rbp), %rax
        movq    %rax, 56(%rsp)
        movq    %r8, 64(%rsp)
        movq    %r9, 72(%rsp)
        movq    %r10, 80(%rsp)
        movq    %r11, 88(%rsp)
        movq    %r12, 96(%rsp)
        movq    %r13, 104(%rsp)
        movq    %r14, 112(%rsp)
        movq    %r15, 120(%rsp)
        save_floats 15, 136
        movq    %rsp, %rsi
        movq    %rbp, %rdx
        call    tz_native_deopt
        movq    %rax, %xmm0
        close_frame
        .cfi_endproc
        .size   tz_native_deopt_int, .-tz_native_deopt_int
#elif defined(__aarch64__)
        /* No optimized code here: tz_native_attach says so, and nobody gets to these. */
        .text
        .globl  tz_native_invoke, tz_vm_call_stub, tz_native_deopt_int, tz_native_deopt_float, tz_native_deopt_ref
tz_native_invoke:
tz_vm_call_stub:
tz_native_deopt_int:
tz_native_deopt_float:
tz_native_deopt_ref:
        brk     #0
#endif
        .section .note.GNU-stack, "", @progbits
