/* search.c: indexes documents by their words and ranks what answers a question; see ../rima/search.rima.

   Invariant: an index lives in an arena; its stems are copies. */
#include "harness.h"
#include "text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_DOCUMENTS = 200, N_QUESTIONS = 150, MOST_HITS = 10, WORD_SIZE = 8, DOCUMENT_SIZE = 2000 };

/* Where a word stands: the documents in ascending order, and for each the places within it. */
typedef struct {
  int_vector documents;
  vector places; /* of int_vector */
} postings;

typedef struct {
  table postings; /* by stem */
  int_vector lengths;
  int total;
  arena memory;
} word_index;

typedef struct {
  int document;
  double score;
} hit;

/* The best hits, the best first; of equals the earlier document. */
typedef struct {
  hit hits[MOST_HITS];
  int count;
} ranking;

static void offer(ranking *r, int document, double score) {
  int at = r->count;
  while (at > 0 && r->hits[at - 1].score < score) at--;
  if (at == MOST_HITS) return;
  if (r->count < MOST_HITS) r->count++;
  memmove(&r->hits[at + 1], &r->hits[at], (size_t)(r->count - 1 - at) * sizeof *r->hits);
  r->hits[at] = (hit){document, score};
}

/* A word in small letters without the s of a plural, in `spare`. */
static piece stem_of(piece word, char *spare) {
  for (int i = 0; i < word.length; i++) spare[i] = (char)tolower((unsigned char)word.bytes[i]);
  bool is_plural = word.length > 3 && spare[word.length - 1] == 's';
  return (piece){spare, is_plural ? word.length - 1 : word.length};
}

static void add_posting(word_index *x, piece word, int document, int place) {
  char spare[DOCUMENT_SIZE];
  piece stem = stem_of(word, spare);
  table_entry *e = table_find(&x->postings, stem);
  if (!e) {
    e = table_get(&x->postings, piece_copy(stem, &x->memory));
    e->pointer = memset(arena_get(&x->memory, sizeof(postings)), 0, sizeof(postings));
    ((postings *)e->pointer)->places.arena = &x->memory;
  }
  postings *p = e->pointer;
  int last = p->documents.count - 1;
  if (last < 0 || p->documents.items[last] != document) {
    int_vector_append(&p->documents, document, &x->memory);
    vector_append(&p->places, memset(arena_get(&x->memory, sizeof(int_vector)), 0, sizeof(int_vector)));
    last++;
  }
  int_vector_append(vector_at(&p->places, last), place, &x->memory);
}

static void add_document(word_index *x, piece text) {
  int document = x->lengths.count, place = 0;
  for (int at = 0; at < text.length;) {
    int start = at;
    while (at < text.length && isalpha((unsigned char)text.bytes[at])) at++;
    if (at > start) add_posting(x, (piece){text.bytes + start, at - start}, document, place++);
    else at++;
  }
  int_vector_append(&x->lengths, place, &x->memory);
  x->total += place;
}

static const postings *find(const word_index *x, piece word) {
  static const postings none = {0};
  char spare[WORD_SIZE];
  const table_entry *e = table_find(&x->postings, stem_of(word, spare));
  return e ? e->pointer : &none;
}

static int times_at(const postings *p, int i) {
  return ((const int_vector *)vector_at(&p->places, i))->count;
}

/* How much it says that a document has a word so many times. */
static double weight(const word_index *x, const postings *p, int document, int times) {
  double holders = p->documents.count;
  double rarity = (x->lengths.count - holders + 0.5) / (holders + 0.5);
  double length = (double)x->lengths.items[document] * x->lengths.count / x->total;
  return rarity * times * 2.2 / (times + 0.3 + 0.9 * length);
}

static ranking find_any(const word_index *x, const piece *words, int n_words) {
  double scores[N_DOCUMENTS] = {0};
  for (int w = 0; w < n_words; w++) {
    const postings *p = find(x, words[w]);
    for (int i = 0; i < p->documents.count; i++) {
      int document = p->documents.items[i];
      scores[document] += weight(x, p, document, times_at(p, i));
    }
  }
  ranking r = {.count = 0};
  for (int document = 0; document < x->lengths.count; document++)
    if (scores[document] > 0.0) offer(&r, document, scores[document]);
  return r;
}

/* How many places have the one behind them in the other list. */
static int following(const int_vector *left, const int_vector *right) {
  int count = 0;
  for (int i = 0, j = 0; i < left->count && j < right->count;) {
    if (left->items[i] + 1 == right->items[j]) count++;
    if (left->items[i] + 1 < right->items[j]) i++;
    else j++;
  }
  return count;
}

/* The documents with both words; where `is_phrase`, with one right behind the other. */
static ranking find_both(const word_index *x, piece first, piece second, bool is_phrase) {
  ranking r = {.count = 0};
  const postings *left = find(x, first), *right = find(x, second);
  for (int i = 0, j = 0; i < left->documents.count && j < right->documents.count;) {
    int document = left->documents.items[i], other = right->documents.items[j];
    if (document == other) {
      int times = is_phrase ? following(vector_at(&left->places, i), vector_at(&right->places, j))
                            : times_at(left, i);
      if (times > 0) {
        double score = weight(x, right, document, times_at(right, j));
        offer(&r, document, weight(x, left, document, times) + score);
      }
    }
    if (document <= other) i++;
    if (document >= other) j++;
  }
  return r;
}

/* Documents and questions of made-up words, of which few are frequent. */
typedef struct {
  random_source random;
  piece documents[N_DOCUMENTS];
  piece questions[N_QUESTIONS][3];
  arena memory;
} library;

static int pick(library *l, int limit) { return (int)((int64_t)random_next(&l->random) * limit / 65536); }

static void syllable(char *out, int n) {
  out[0] = "bdfgklmnrt"[n / 5 % 10];
  out[1] = "aeiou"[n % 5];
}

static piece random_word(library *l, char out[WORD_SIZE]) {
  double r = random_next(&l->random) / 65536.0;
  int rank = (int)(2000.0 * r * r * r);
  syllable(out, rank);
  syllable(out + 2, rank / 50);
  if (rank % 3 == 0) syllable(out + 4, rank * 7);
  return (piece){out, rank % 3 == 0 ? 6 : 4};
}

static piece make_document(library *l) {
  buffer out = {0};
  int last = 60 + pick(l, 60);
  for (int i = 0; i <= last; i++) {
    char letters[WORD_SIZE];
    piece word = random_word(l, letters);
    if (i % 9 == 0) letters[0] = (char)toupper((unsigned char)letters[0]);
    buffer_add(&out, word);
    if (pick(l, 4) == 0) buffer_add_char(&out, 's');
    buffer_add_text(&out, i % 9 == 8 ? ". " : pick(l, 6) == 0 ? ", " : " ");
  }
  piece document = piece_copy(buffer_piece(&out), &l->memory);
  free(out.bytes);
  return document;
}

static library *library_make(void) {
  library *l = get_zeroed(1, sizeof *l);
  l->random = (random_source)RANDOM_START;
  for (int i = 0; i < N_DOCUMENTS; i++) l->documents[i] = make_document(l);
  for (int i = 0; i < N_QUESTIONS; i++) {
    for (int w = 0; w < 3; w++) {
      char letters[WORD_SIZE];
      l->questions[i][w] = piece_copy(random_word(l, letters), &l->memory);
    }
  }
  return l;
}

static library *shelf; /* made once */

static bool is_right(void) {
  word_index x = {.total = 0};
  x.postings.memory = &x.memory;
  for (int i = 0; i < N_DOCUMENTS; i++) add_document(&x, shelf->documents[i]);
  int count = 0, sum = 0;
  for (int i = 0; i < N_QUESTIONS; i++) {
    const piece *question = shelf->questions[i];
    ranking r = i % 3 == 0 ? find_any(&x, question, 3) : find_both(&x, question[0], question[1], i % 3 == 2);
    for (int h = 0; h < r.count; h++) {
      count++;
      sum = (sum * 31 + r.hits[h].document * 1000 + (int)(r.hits[h].score * 100.0)) % 1000003;
    }
  }
  arena_free(&x.memory);
  return count == 667 && sum == 458111;
}

static bool search(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) {
  shelf = library_make();
  int status = harness_run(argc, argv, 2, search);
  arena_free(&shelf->memory);
  free(shelf);
  return status;
}
