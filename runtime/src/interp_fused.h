/* interp_fused.h: the handlers of fused sequences: every body of ops.h once more for each way to go on. Those
 * that fused.def does not name are unused and not compiled. Included by interp.c only. */
#define THEN ADD_F
#include "ops_then.h"
#define THEN ADD_I
#include "ops_then.h"
#define THEN ADD_II
#include "ops_then.h"
#define THEN ARRAY_LEN
#include "ops_then.h"
#define THEN CALL
#include "ops_then.h"
#define THEN CONST_I
#include "ops_then.h"
#define THEN FOR_I
#include "ops_then.h"
#define THEN GETF
#include "ops_then.h"
#define THEN JF
#include "ops_then.h"
#define THEN JGE_II
#include "ops_then.h"
#define THEN JLE_I
#include "ops_then.h"
#define THEN JLE_II
#include "ops_then.h"
#define THEN JLT_I
#include "ops_then.h"
#define THEN JLT_II
#include "ops_then.h"
#define THEN JMP
#include "ops_then.h"
#define THEN JNE_II
#include "ops_then.h"
#define THEN JNE_R
#include "ops_then.h"
#define THEN JNLT_F
#include "ops_then.h"
#define THEN JNONNULL
#include "ops_then.h"
#define THEN JNULL
#include "ops_then.h"
#define THEN LIST_LOAD
#include "ops_then.h"
#define THEN LOAD_64
#include "ops_then.h"
#define THEN MUL_F
#include "ops_then.h"
#define THEN PUTF
#include "ops_then.h"
#define THEN RET
#include "ops_then.h"
#define THEN RET_VOID
#include "ops_then.h"
#define THEN STORE_64
#include "ops_then.h"
#define THEN STORE_R
#include "ops_then.h"
#define THEN SUB_F
#include "ops_then.h"
#define THEN SUB_I
#include "ops_then.h"
#define THEN ADD_F_JNLT_F
#include "ops_then.h"
#define THEN ADD_F_PUTF
#include "ops_then.h"
#define THEN ADD_II_PUTF
#include "ops_then.h"
#define THEN ADD_I_JLE_I
#include "ops_then.h"
#define THEN ADD_I_PUTF
#include "ops_then.h"
#define THEN GETF_ADD_I
#include "ops_then.h"
#define THEN GETF_GETF
#include "ops_then.h"
#define THEN GETF_JNONNULL
#include "ops_then.h"
#define THEN GETF_LOAD_64
#include "ops_then.h"
#define THEN GETF_MUL_F
#include "ops_then.h"
#define THEN GETF_SUB_F
#include "ops_then.h"
#define THEN LOAD_64_GETF
#include "ops_then.h"
#define THEN LOAD_64_JF
#include "ops_then.h"
#define THEN MUL_F_ADD_F
#include "ops_then.h"
#define THEN MUL_F_MUL_F
#include "ops_then.h"
#define THEN SUB_F_PUTF
#include "ops_then.h"
