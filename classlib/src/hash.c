/* hash.c: natives of module hash: checksums by zlib, digests by OpenSSL's libcrypto. */
#define OPENSSL_API_COMPAT                                                                                   \
  0x10100000L /* the one-algorithm functions: they pull in nothing else of the library */
#include "library.h"
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <zlib.h>

static bool hash_crc32(tz_thread *th, tz_word *args) {
  tz_array *bytes = args[0].p;
  TZ_REQUIRE(th, bytes);
  return tz_give_int(args, (int64_t)crc32_z(0, bytes->u8, (size_t)bytes->length));
}

static bool hash_fnv1a(tz_thread *th, tz_word *args) {
  tz_array *bytes = args[0].p;
  TZ_REQUIRE(th, bytes);
  uint64_t hash = 0xcbf29ce484222325;
  for (int64_t i = 0; i < bytes->length; i++) hash = (hash ^ bytes->u8[i]) * 0x100000001b3;
  return tz_give_int(args, (int64_t)hash);
}

static void digest_md5(const void *bytes, size_t count, uint8_t *to) {
  MD5_CTX c;
  MD5_Init(&c), MD5_Update(&c, bytes, count), MD5_Final(to, &c);
}
static void digest_sha1(const void *bytes, size_t count, uint8_t *to) {
  SHA_CTX c;
  SHA1_Init(&c), SHA1_Update(&c, bytes, count), SHA1_Final(to, &c);
}
static void digest_sha256(const void *bytes, size_t count, uint8_t *to) {
  SHA256_CTX c;
  SHA256_Init(&c), SHA256_Update(&c, bytes, count), SHA256_Final(to, &c);
}
static void digest_sha512(const void *bytes, size_t count, uint8_t *to) {
  SHA512_CTX c;
  SHA512_Init(&c), SHA512_Update(&c, bytes, count), SHA512_Final(to, &c);
}

typedef struct algorithm {
  const char *name;
  int64_t bytes;
  void (*digest)(const void *bytes, size_t count, uint8_t *to);
} algorithm;

static const algorithm *algorithm_find(const tz_string *name) {
  static const algorithm all[] = {{"md5", MD5_DIGEST_LENGTH, digest_md5},
                                  {"sha1", SHA_DIGEST_LENGTH, digest_sha1},
                                  {"sha256", SHA256_DIGEST_LENGTH, digest_sha256},
                                  {"sha512", SHA512_DIGEST_LENGTH, digest_sha512}};
  for (size_t i = 0; i < TZ_COUNT(all); i++)
    if (strlen(all[i].name) == (size_t)name->length &&
        memcmp(all[i].name, name->u8, (size_t)name->length) == 0)
      return &all[i];
  return NULL;
}

static bool hash_digest(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  TZ_REQUIRE(th, args[1].p);
  const algorithm *a = algorithm_find(tz_arg_string(args, 0));
  if (a == NULL) return tz_raise(th, TZ_ERROR_ARGUMENT, "no such digest");
  uint8_t result[SHA512_DIGEST_LENGTH];
  tz_array *bytes = args[1].p;
  a->digest(bytes->u8, (size_t)bytes->length, result);
  tz_array *array = tz_array_new(th, TZ_KIND_U8, a->bytes);
  if (array != NULL) memcpy(array->u8, result, (size_t)a->bytes);
  return tz_give_ref(args, array);
}

bool tz_register_hash(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"crc32", "([u8])i64", hash_crc32},
      {"fnv1a", "([u8])i64", hash_fnv1a},
      {"digest", "(string,[u8])[u8]", hash_digest},
  };
  return tz_natives_register_leaves(vm, "hash", defs, TZ_COUNT(defs));
}
