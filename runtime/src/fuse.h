/* fuse.h: opcodes of fused sequences (fused.def), which stand in linked code only, never in modules. */
#pragma once
#include "process.h"
#include "terza/opcode.h"

enum {
  TZ_OP_FUSED = TZ_OP_COUNT, /* the first */
  TZ_OP_BEFORE_FUSED = TZ_OP_FUSED - 1,
/* TZ_FUSED_x is the first sequence that begins with x. */
#define TZ_FUSE_GROUP(FIRST) TZ_FUSED_##FIRST, TZ_FUSED_BEFORE_##FIRST = TZ_FUSED_##FIRST - 1,
#define TZ_FUSE2(A, B) TZ_OP_##A##_##B,
#define TZ_FUSE3(A, B, C) TZ_OP_##A##_##B##_##C,
#include "fused.def"
#undef TZ_FUSE_GROUP
#undef TZ_FUSE2
#undef TZ_FUSE3
  TZ_OP_FUSED_END
};
