/* stubs.S: the ways between C and compiled code that no C compiler can write. native.h has the convention. */
#if defined(__x86_64__)
        .text

/* tz_native_result tz_native_invoke(const void *code, tz_thread *th, tz_function *f, const tz_call_registers *registers,
 *                                   const uint64_t *stack, size_t n)
 * Calls compiled code with n (even) words on the stack. The result's two registers come back in rax and rdx. */
        .globl  tz_native_invoke
        .type   tz_native_invoke, @function
tz_native_invoke:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
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
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   tz_native_invoke, .-tz_native_invoke

/* The compiled convention, to uint64_t tz_native_call_vm(th, f, const tz_word *saved): saved[0..3] int registers, [4..11]
 * float registers, [12..13] the frame record, from [14] on the arguments on the stack. */
        .globl  tz_vm_call_stub
        .type   tz_vm_call_stub, @function
tz_vm_call_stub:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $96, %rsp
        movq    %rdx, 0(%rsp)
        movq    %rcx, 8(%rsp)
        movq    %r8, 16(%rsp)
        movq    %r9, 24(%rsp)
        movsd   %xmm0, 32(%rsp)
        movsd   %xmm1, 40(%rsp)
        movsd   %xmm2, 48(%rsp)
        movsd   %xmm3, 56(%rsp)
        movsd   %xmm4, 64(%rsp)
        movsd   %xmm5, 72(%rsp)
        movsd   %xmm6, 80(%rsp)
        movsd   %xmm7, 88(%rsp)
        movq    %rsp, %rdx
        call    tz_native_call_vm
        movq    %rax, %xmm0
        leave
        .cfi_def_cfa %rsp, 8
        ret
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
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
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
        movsd   %xmm0, 136(%rsp)
        movsd   %xmm1, 144(%rsp)
        movsd   %xmm2, 152(%rsp)
        movsd   %xmm3, 160(%rsp)
        movsd   %xmm4, 168(%rsp)
        movsd   %xmm5, 176(%rsp)
        movsd   %xmm6, 184(%rsp)
        movsd   %xmm7, 192(%rsp)
        movsd   %xmm8, 200(%rsp)
        movsd   %xmm9, 208(%rsp)
        movsd   %xmm10, 216(%rsp)
        movsd   %xmm11, 224(%rsp)
        movsd   %xmm12, 232(%rsp)
        movsd   %xmm13, 240(%rsp)
        movsd   %xmm14, 248(%rsp)
        movsd   %xmm15, 256(%rsp)
        movq    %rsp, %rsi
        movq    %rbp, %rdx
        call    tz_native_deopt
        movq    %rax, %xmm0
        leave
        .cfi_def_cfa %rsp, 8
        ret
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
