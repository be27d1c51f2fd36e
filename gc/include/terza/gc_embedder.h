/* gc_embedder.h: what the collector asks of whoever embeds it.
 *
 * The embedder knows where references lie outside the heap (stacks, globals, tables) and how to stop its
 * threads. Inside the heap the layouts tell all. Every callback gets `data`. Those of a collection run with
 * the world stopped and must not call functions of gc.h; only before_collection and after_collection may call
 * those that do not collect. Read docs/gc.md. */
#pragma once
#include "terza/gc_attributes.h"

/* A place outside the heap that holds a word; the collector may write the object's new address to it. */
typedef struct tz_edge {
  tz_word *slot;
} tz_edge;

/* What the collection under way looks at. A YOUNG one moves young objects only: the embedder may skip roots
   that it knows unchanged since the last collection of any scope AND that held no young object after it. The
   simple way to know that: after a collection, tz_visitor_saw_young tells whether what was visited since
   tz_visitor_reset_young still refers to young objects. VERIFY changes nothing and wants every root. */
typedef enum tz_gc_scope { TZ_GC_YOUNG, TZ_GC_FULL, TZ_GC_VERIFY } tz_gc_scope;

typedef struct tz_visitor tz_visitor;

/* Each visits words by the one rule tz_word_is_ref and updates those whose object moves. Visiting a word
   twice is harmless. A word that is visited must be initialized. */
void tz_gc_visit_edge(tz_visitor *v, tz_edge edge);
void tz_gc_visit_words(tz_visitor *v, tz_word *words, size_t n);
/* Only words[i] whose bit i (bitmap[i / 64] >> i % 64) is set. */
void tz_gc_visit_mapped(tz_visitor *v, tz_word *words, const uint64_t *bitmap, size_t n);
/* A weak root of the embedder (intern tables and the like) is visited from visit_weak_roots: the word is
   updated when its object lives, and set to `dead` when not; the result tells whether it lives. */
bool tz_gc_visit_weak(tz_visitor *v, tz_edge edge, tz_word dead);

void tz_visitor_reset_young(tz_visitor *v);
bool tz_visitor_saw_young(const tz_visitor *v);

/* NULL members mean: nothing to do. With one mutator the three stop members may be NULL. */
typedef struct tz_gc_embedder {
  void *data;
  void (*visit_roots)(void *data, tz_visitor *v, tz_gc_scope scope);
  void (*visit_mutator_roots)(void *data, tz_mutator *m, tz_visitor *v, tz_gc_scope scope);
  /* After everything reachable is known: words of the embedder that do not keep objects alive. */
  void (*visit_weak_roots)(void *data, tz_visitor *v, tz_gc_scope scope);

  /* Called by the mutator that wants to collect, which holds no collector lock. true: this mutator collects,
     every other is now asked to stop. false: another mutator was first; the call has waited for its
     collection, as a safepoint. */
  bool (*request_stop)(void *data, tz_mutator *m);
  void (*wait_stopped)(void *data, tz_mutator *m); /* returns when no other mutator runs on the heap */
  void (*resume)(void *data, tz_mutator *m);

  /* Around each collection, for caches to be flushed and traces to be written. */
  void (*before_collection)(void *data, tz_gc_scope scope);
  void (*after_collection)(void *data, tz_gc_scope scope, uint64_t pause_ns);

  /* All was collected, and yet an allocation exceeds the limit: gives back counted native memory
     (tz_gc_account) that can be done without, and must not allocate. true: some was, and the allocation is
     tried once more. */
  bool (*release_memory)(void *data);

  /* A broken invariant was found (by verification or an assertion); `what` is one line. The process aborts
     when the callback returns; NULL writes the line to stderr. */
  void (*bug)(void *data, const char *what);
} tz_gc_embedder;
