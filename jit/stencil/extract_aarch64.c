/* extract_aarch64.c: stencils from an object built with -ffunction-sections -mcmodel=large.
 *
 * A function is one piece; only the branch to the next instruction at its end is dropped. Holes are movz/movk
 * groups of four 16-bit parts. */
#include "object.h"
#include <string.h>

static tz_hole_kind fill_kind(uint32_t type) {
  switch (type) {
  case R_AARCH64_JUMP26:
  case R_AARCH64_CALL26: return TZ_FILL_JUMP26;
  case R_AARCH64_CONDBR19: return TZ_FILL_JUMP19;
  case R_AARCH64_MOVW_UABS_G0:
  case R_AARCH64_MOVW_UABS_G0_NC: return TZ_FILL_MOVW0;
  case R_AARCH64_MOVW_UABS_G1:
  case R_AARCH64_MOVW_UABS_G1_NC: return TZ_FILL_MOVW1;
  case R_AARCH64_MOVW_UABS_G2:
  case R_AARCH64_MOVW_UABS_G2_NC: return TZ_FILL_MOVW2;
  case R_AARCH64_MOVW_UABS_G3: return TZ_FILL_MOVW3;
  case R_AARCH64_ABS64: return TZ_FILL_ABS64;
  default: die("relocation type %u is not known", (unsigned)type);
  }
}

bool extract_aarch64(const object *o, const Elf64_Sym *function, bool is_short, stencil_code *to) {
  if (is_short) return false;
  const Elf64_Shdr *section = &o->sections[function->st_shndx];
  if (function->st_value != 0 || section->sh_size > MAX_CODE) die("not a section of its own");
  int n, size = (int)section->sh_size;
  Elf64_Rela *relocations = section_relocations(o, function->st_shndx, &n);
  if (n > 0) {
    const Elf64_Rela *last = &relocations[n - 1];
    int32_t add;
    if ((int)last->r_offset == size - 4 && fill_kind(ELF64_R_TYPE(last->r_info)) == TZ_FILL_JUMP26 &&
        hole_symbol(o, last, &add) == TZ_HOLE_NEXT) {
      size -= 4;
      n--;
    }
  }
  memcpy(to->hot, o->bytes + section->sh_offset, (size_t)size);
  to->n_hot = size;
  to->n_cold = to->n_cold_holes = to->n_hot_holes = 0;
  if (n > MAX_HOLES) die("too many holes");
  for (int i = 0; i < n; i++) {
    int32_t add;
    int symbol = hole_symbol(o, &relocations[i], &add);
    to->hot_holes[to->n_hot_holes++] =
        (tz_hole){(uint16_t)relocations[i].r_offset, (uint8_t)fill_kind(ELF64_R_TYPE(relocations[i].r_info)),
                  (uint8_t)symbol, add + (int32_t)relocations[i].r_addend};
  }
  return true;
}
