/* program.h: what the checker knows of a program: units, declarations, classes, functions, globals. Private.
 *
 * Everything generic is kept twice: once as declared (rima_class_decl, the syntax tree) and once for each
 * distinct use (rima_class, rima_fn), with type arguments filled in. Bodies are checked and emitted for each
 * use, from a worklist, and only if something reachable mentions them; all of the user's own functions are.
 *
 * Invariant: while a function's tree is annotated (from its check to the end of its emission) it is `busy`;
 * nothing else may check it. */
#pragma once
#include "compiler.h"
#include "ast.h"
#include "parser.h"
#include "types.h"

/* ---- maps from pointers to pointers ---- */

typedef struct rima_map_entry {
  const void *key; /* NULL: empty */
  void *value;
} rima_map_entry;
typedef struct rima_map {
  rima_map_entry *entries;
  uint32_t capacity, count;
} rima_map;
void *rima_map_get(const rima_map *map, const void *key); /* NULL if absent */
void rima_map_put(rima_arena *arena, rima_map *map, const void *key, void *value);

/* A growable array of pointers in the arena. */
typedef struct rima_list {
  void **items;
  uint32_t count, capacity;
} rima_list;
void rima_list_add(rima_arena *arena, rima_list *list, void *item);

/* ---- units and names ---- */

typedef struct rima_compiler rima_compiler;
typedef struct rima_unit rima_unit;
typedef struct rima_class rima_class;
typedef struct rima_class_decl rima_class_decl;
typedef struct rima_fn rima_fn;
typedef struct rima_global rima_global;

typedef enum rima_entity_kind {
  RIMA_ENTITY_UNIT, /* an import alias */
  RIMA_ENTITY_GLOBAL,
  RIMA_ENTITY_FUNCTION, /* the declaration; instances hang off it */
  RIMA_ENTITY_CLASS,    /* class, interface or enum */
  RIMA_ENTITY_VARIANT,
  RIMA_ENTITY_TYPE,      /* int, str, Object, … */
  RIMA_ENTITY_AMBIGUOUS, /* a variant's name that several enums have */
} rima_entity_kind;

typedef struct rima_entity {
  uint8_t kind;
  bool is_private;
  const rima_name *name;
  rima_unit *unit;
  rima_span span;
  union {
    rima_unit *target;
    rima_global *global;
    rima_decl *decl; /* FUNCTION */
    rima_class_decl *class_;
    struct {
      rima_class_decl *enum_;
      uint32_t index;
    } variant;
    rima_type *type;
  };
} rima_entity;

/* One extend block. */
typedef struct rima_extension {
  rima_decl *decl;
  rima_unit *unit;
  rima_type *open_target; /* with its own type parameters open */
  bool is_resolved;
} rima_extension;

/* An extension method by name; chained. */
typedef struct rima_extension_method {
  rima_extension *extension;
  rima_decl *decl;
  struct rima_extension_method *next;
} rima_extension_method;

struct rima_unit {
  const rima_name *name;
  rima_module *tree;
  rima_map scope; /* rima_name → rima_entity */
  rima_unit **imports;
  uint32_t import_count;
  const char *directory; /* of a user's file, for relative imports */
  bool is_user;
  bool is_declared, is_named; /* imports, own names */
  const rima_name *key;       /* in c->units */
  bool is_in_cycle;           /* of modules that import each other */
  uint8_t order_state;        /* of the ordering of initialisers */
  uint32_t low;               /* of the search for cycles */
  uint32_t epoch;             /* compile in which its code was emitted */
  rima_fn *init;              /* runs initialisers and statements; NULL until reached */
};

/* ---- classes ---- */

typedef enum rima_class_kind {
  RIMA_CLASS_CLASS,
  RIMA_CLASS_INTERFACE,
  RIMA_CLASS_ENUM,
  RIMA_CLASS_VARIANT,
  RIMA_CLASS_TUPLE,
  RIMA_CLASS_CLOSURE,
  RIMA_CLASS_CELL,
  RIMA_CLASS_MACHINE, /* of module tz */
} rima_class_kind;

typedef struct rima_member {
  const rima_name *name;
  uint8_t kind; /* rima_decl_kind VARIABLE or FUN; constructor fields are VARIABLE with decl NULL */
  bool is_static, is_private;
  rima_decl *decl;
  rima_param *param; /* constructor field */
  uint32_t index;    /* into the class's fields, methods or statics */
} rima_member;

/* A class as declared. */
struct rima_class_decl {
  uint8_t kind; /* CLASS, INTERFACE, ENUM */
  rima_decl *decl;
  rima_unit *unit;
  const rima_name *name;
  rima_map members; /* rima_name → rima_member */
  rima_member *list;
  uint32_t member_count, method_count, field_count, static_count;
  rima_global **statics;
  rima_map instances; /* tuple type of the arguments → rima_class */
  bool is_checked_open;
  rima_class *only; /* of a class without type parameters */
};

typedef struct rima_field {
  const rima_name *name;
  rima_type *type;
  uint32_t slot; /* inherited ones counted */
  bool is_mutable, is_private;
  bool is_busy; /* its type is being inferred */
  rima_class *owner;
  rima_variable *variable; /* NULL: a constructor parameter */
  rima_span span;
} rima_field;
rima_type *rima_field_type(struct rima_compiler *c, rima_field *field);

struct rima_class {
  uint8_t kind;
  uint8_t state; /* 0 named, 1 being declared, 2 declared */
  bool is_live;  /* instances are made, of it or a subclass */
  bool is_final, is_abstract;
  bool is_plain_enum; /* ENUM: no variant has parameters */
  bool is_in_worklist;
  bool is_checked_open;
  rima_class_decl *decl; /* VARIANT: of its enum; NULL for TUPLE, CLOSURE, CELL, MACHINE */
  rima_type **args;
  uint32_t arg_count;
  rima_type *type;
  const char *name;        /* "List[int]" */
  const char *qualified;   /* "core.List[int]" */
  rima_class *super;       /* NULL: Object */
  rima_class **interfaces; /* direct */
  uint32_t interface_count;
  rima_field *fields; /* own */
  uint32_t field_count, field_base;
  rima_fn **methods;    /* by member index; made on demand */
  rima_fn *constructor; /* fills the fields of a new instance */
  rima_variant *variant;
  rima_class **variants; /* ENUM */
  uint32_t variant_count, tag;
  rima_global *singleton; /* VARIANT without parameters */
  rima_fn *structural[3]; /* made on demand, see rima_class_structural */
  rima_list virtuals;     /* rima_fn: methods first declared here that are called through a slot */
  uint32_t mentioned;     /* of these, when the image last took note of them */
  rima_list live_below;   /* rima_class: live classes that are this or below it */
  rima_fn *closure_function;
  rima_expr *super_call; /* the call of the superclass's constructor, made up for checking */
  /* image */
  uint32_t image, image_epoch, home_epoch, image_flags;
  rima_fn **vtable; /* built at the end */
  rima_fn **vtable_roots;
  uint32_t vtable_count;
  bool is_laid_out;
};

/* ---- functions ---- */

typedef enum rima_fn_kind {
  RIMA_FN_PLAIN,       /* top level, static */
  RIMA_FN_METHOD,      /* of a class, interface, enum: first parameter `this` */
  RIMA_FN_EXTENSION,   /* of an extend block: first parameter `this` */
  RIMA_FN_CONSTRUCTOR, /* fills a new instance: first parameter `this` */
  RIMA_FN_DEFAULT,     /* the default value of a parameter, given the parameters before it */
  RIMA_FN_INIT,        /* a unit's initialisers */
  RIMA_FN_TEST,
  RIMA_FN_STRUCTURAL, /* equals, hash, toString of tuples and enums: no tree */
  RIMA_FN_OBJECT,     /* the three methods of Object itself, machine's */
  RIMA_FN_DYNAMIC,    /* an entry point of dynamic code; see dynamic.c */
  RIMA_FN_ADAPTER,    /* makes a function of one type of a dyn that may be one of another */
} rima_fn_kind;

typedef enum rima_structural { RIMA_TO_STRING, RIMA_EQUALS, RIMA_HASH } rima_structural;

struct rima_fn {
  uint8_t kind;
  uint8_t state;            /* signature: 0 none, 1 being resolved, 2 resolved */
  uint8_t structural;       /* rima_structural */
  bool is_queued;           /* in or through the worklist */
  bool is_called_virtually; /* roots: some call goes through a slot */
  bool has_receiver;
  bool is_synthetic_result; /* the result's type was inferred */
  rima_function *ast;
  rima_unit *unit;
  rima_class *owner; /* of methods, statics, constructors */
  rima_type *self;   /* type of `this` */
  rima_extension *extension;
  rima_type **extension_args;
  rima_type **args;             /* for ast->type_params */
  rima_fn *next_instance;       /* instance.c: with the same key */
  struct rima_dynamic_use *use; /* DYNAMIC */
  rima_fn *of;                  /* DEFAULT: whose */
  rima_expr *default_value;
  uint32_t of_index;
  rima_type **params; /* without `this` */
  uint32_t param_count;
  rima_type *result;
  rima_fn **defaults;   /* by parameter */
  rima_fn *root;        /* methods: the topmost method it overrides, or itself */
  rima_list overriders; /* of a root: every declared method below it */
  uint32_t slot;        /* of a root, once laid out; interfaces: ordinal */
  bool has_slot;
  bool keeps_slot;  /* laid out in an earlier image */
  uint8_t inlining; /* emit_call.c's verdict */
  const char *name; /* in the image, qualified */
  uint32_t image, image_epoch, home_epoch;
  uint32_t use_count;
};

struct rima_global {
  const rima_name *name;
  rima_unit *unit;
  rima_class_decl *owner; /* static member */
  rima_class *singleton_of;
  rima_variable *variable;
  rima_local *local; /* module variables */
  rima_type *type;
  rima_span span;
  bool is_mutable, is_private, is_busy, is_reached;
  bool is_constant;  /* its value is a literal, written where it is used */
  rima_global *flag; /* whether it has its value, where that must be asked */
  const char *qualified;
  uint32_t image, image_epoch, home_epoch;
};

/* ---- what the checker decides ---- */

typedef enum rima_how {
  RIMA_HOW_NONE,
  RIMA_HOW_LOCAL,
  RIMA_HOW_THIS,
  RIMA_HOW_FIELD, /* decl: rima_field; of the member's object, or of `this` for a bare name */
  RIMA_HOW_GLOBAL,
  RIMA_HOW_FUNCTION,  /* a function as a value */
  RIMA_HOW_BOUND,     /* a method bound to its object */
  RIMA_HOW_SINGLETON, /* decl: rima_class of a variant without parameters */
  RIMA_HOW_DYNAMIC,   /* member of a dyn */
  RIMA_HOW_LENGTH,    /* array or string length */
  RIMA_HOW_CALL,      /* decl: rima_call */
  RIMA_HOW_ARRAY,     /* INDEX */
  RIMA_HOW_LIST,
  RIMA_HOW_BYTE,
  RIMA_HOW_PRIMITIVE, /* operators on numbers */
  RIMA_HOW_ANY,       /* operators on dyn */
  RIMA_HOW_CONCAT,
  RIMA_HOW_EQUALS,    /* == by equals; decl: rima_fn or NULL */
  RIMA_HOW_COMPARE,   /* < and its like by compareTo; decl: rima_call */
  RIMA_HOW_REGISTER,  /* already evaluated: reg */
  RIMA_HOW_CONSTRUCT, /* range: decl rima_call */
} rima_how;

typedef enum rima_call_kind {
  RIMA_CALL_STATIC,
  RIMA_CALL_METHOD, /* static, virtual or by interface, as the method allows */
  RIMA_CALL_NEW,
  RIMA_CALL_CLOSURE,
  RIMA_CALL_DYNAMIC,
  RIMA_CALL_CONVERT,
  RIMA_CALL_INTRINSIC,
  RIMA_CALL_STRUCTURAL, /* toString, equals, hash of anything: intrinsic tells which */
} rima_call_kind;

typedef enum rima_intrinsic {
  RIMA_IN_NONE,
  RIMA_IN_ARRAY_NEW,
  RIMA_IN_CHANNEL_NEW,
  RIMA_IN_SEND,
  RIMA_IN_RECV,
  RIMA_IN_TRY_RECV,
  RIMA_IN_CLOSE,
  RIMA_IN_ARRAY_LEN,
  RIMA_IN_STR_LEN,
  RIMA_IN_TO_STRING,
  RIMA_IN_EQUALS,
  RIMA_IN_HASH,
  RIMA_IN_ORDINAL,
  RIMA_IN_NAME,
  RIMA_IN_VALUES,
  RIMA_IN_SQRT,
  RIMA_IN_ABS,
  RIMA_IN_FLOOR,
  RIMA_IN_CEIL,
  RIMA_IN_FLOAT_BITS,
  RIMA_IN_BITS_FLOAT,
  RIMA_IN_YIELD,
  RIMA_IN_MACHINE_ERROR, /* construct a machine error */
} rima_intrinsic;

typedef struct rima_call {
  uint8_t kind, intrinsic;
  bool has_implicit_this; /* the receiver is `this` */
  bool is_super;          /* calls the method itself, whatever overrides it */
  bool is_safe;           /* ?. */
  rima_fn *fn;
  rima_class *cls;          /* NEW */
  rima_expr *receiver;      /* METHOD, extension calls, CLOSURE callee, DYNAMIC object */
  rima_type *receiver_type; /* what the receiver is seen as */
  rima_expr **args;         /* by parameter; NULL: the default */
  rima_type **types;        /* what each is converted to */
  uint32_t count;
  rima_type *result;
  const rima_name *name; /* DYNAMIC */
} rima_call;

/* Facts that a condition brings: `local` has type `type`. */
typedef struct rima_fact {
  rima_local *local;
  rima_type *type;
} rima_fact;
typedef struct rima_facts {
  rima_fact items[8];
  uint32_t count;
} rima_facts;

/* ---- where the checker stands ---- */

/* One function being checked; inner functions have a frame of their own. */
typedef struct rima_frame {
  struct rima_frame *outer;
  rima_function *ast;
  rima_type *result; /* wanted; NULL: to be inferred into `joined` */
  rima_type *joined;
  bool is_inner;
} rima_frame;

typedef struct rima_context {
  rima_unit *unit;
  rima_fn *fn;     /* whose type parameters are visible */
  rima_class *cls; /* whose type parameters and members are visible, or NULL */
  rima_extension *extension;
  rima_frame *frame;
  rima_local *this_local; /* NULL: no `this` here */
  rima_type *this_type;
  uint32_t locals_base;  /* locals of this context start here */
  uint32_t scope_base;   /* ... and those of the innermost scope here */
  bool is_open_check;    /* a generic body with its parameters open: lenient, nothing is emitted */
  bool is_dynamic_entry; /* type arguments that nothing tells are dyn */
} rima_context;

typedef struct rima_undo {
  rima_local *local;
  rima_type *before;
  int32_t stamp; /* its last assignment at that time */
} rima_undo;

struct rima_compiler {
  rima_options options;
  rima_session session;
  rima_arena *arena;
  rima_diagnostics diagnostics;
  jmp_buf on_exhausted;
  uint32_t epoch; /* number of the present compile, from 1 */

  rima_type *simple[RIMA_T_SIMPLE_COUNT];
  rima_type **type_table;
  uint32_t type_capacity, type_count;

  rima_map units;      /* name or path (interned) → unit */
  rima_list unit_list; /* in the order loaded */
  rima_unit *core, *program;
  rima_map builtins;           /* name → entity: int, Object, Error, … */
  rima_map extensions;         /* method name → rima_extension_method chain */
  rima_map functions;          /* class or syntax → chain of rima_fn instances, see instance.c */
  rima_map overridden;         /* names of methods that some class overrides */
  rima_map dynamic_names;      /* name → rima_dynamic_use, the newest */
  rima_list dynamic_uses;      /* all of them */
  rima_list dynamic_receivers; /* rima_type: whose values dynamic code may meet */
  rima_map adapters;           /* function type → RIMA_FN_ADAPTER */
  rima_map class_decls;        /* rima_decl → rima_class_decl */

  rima_class *list_class_hint;
  rima_class_decl *list_decl, *map_decl, *range_decl, *comparable_decl, *iterable_decl, *iterator_decl;
  rima_fn *object_methods[3];
  rima_class *error_class, *deferred_class;
  rima_list reached_roots, image_globals; /* in the present compile */
  rima_map stubs;                         /* interface method → function that is never called */
  rima_list homes;                        /* names of the images made so far */
  rima_map cells;                         /* type → its cell class */
  bool has_errors;                        /* some source could not be parsed */

  rima_list queue; /* rima_fn to check and emit */
  uint32_t queue_at;
  rima_list live_classes;
  rima_list image_classes; /* that the image mentions */
  rima_list singletons;
  rima_list open_classes; /* being generic, to be checked open */
  rima_list inits;        /* units whose initialisers the program reaches, in order */
  rima_list machine_classes;

  rima_context cx;
  rima_local **locals; /* in scope, innermost last */
  uint32_t local_count, local_capacity;
  rima_undo *undo; /* narrowings made, to be taken back */
  uint32_t undo_count, undo_capacity;
  rima_fact assumed[64]; /* by the loops being checked, of locals that they assign */
  uint32_t assumed_count;
  bool is_assumption_broken;
  uint32_t depth;        /* of nested checks */
  uint32_t assign_count; /* assignments to locals seen: tells expressions that change locals */
  uint32_t lambda_count;
  uint32_t inline_depth;

  tz_image *image;
  struct rima_code *code; /* function being emitted */
  struct rima_code *code_pool;
  uint8_t *operands;      /* by opcode: which fields are registers */
  rima_list slot_patches; /* calls whose slots are known at the end */
  rima_list tests;
  uint64_t line_count;
  struct {
    const rima_name *this_, *core, *main, *get, *set, *plus, *minus, *times, *div, *rem, *negate, *contains,
        *equals, *hash, *to_string, *compare_to, *invoke, *iterator, *has_next, *next, *slice, *len, *message,
        *cause, *ordinal, *name, *values, *send, *recv, *try_recv, *close, *list, *map, *range, *array,
        *channel, *assert_error, *int_to_str, *float_to_str, *bool_to_str, *any_to_str, *any_hash,
        *comparable, *underscore;
  } names;
};

/* ---- types.c ---- */
rima_type *rima_type_nullable(rima_compiler *c, rima_type *type);
rima_type *rima_type_array(rima_compiler *c, rima_type *element);
rima_type *rima_type_channel(rima_compiler *c, rima_type *element);
rima_type *rima_type_tuple(rima_compiler *c, rima_type *const *items, uint32_t count);
rima_type *rima_type_func(rima_compiler *c, rima_type *const *params, uint32_t count, rima_type *result);
rima_type *rima_type_param_of(rima_compiler *c, rima_type_param *param);
void rima_types_init(rima_compiler *c);
void rima_names_init(rima_compiler *c);
const char *rima_type_text(rima_compiler *c, rima_type *type);
/* Whether a value of `from` may stand where `to` is wanted (dyn to T included). */
bool rima_type_converts(rima_compiler *c, rima_type *from, rima_type *to);
/* ... without any check at run time. */
bool rima_type_is_subtype(rima_compiler *c, rima_type *from, rima_type *to);
/* The type both convert to, or NULL. */
rima_type *rima_type_join(rima_compiler *c, rima_type *a, rima_type *b);
/* int and float for the narrow element types. */
rima_type *rima_type_of_element(rima_compiler *c, rima_type *element);
/* A list that the list instructions index: all but those of bool, whose elements take a byte. */
bool rima_type_is_word_list(const rima_compiler *c, const rima_type *type);
bool rima_class_is_below(rima_compiler *c, rima_class *cls,
                         rima_class *super); /* reflexive; interfaces too */
/* The instance of `decl` that cls is or descends from, or NULL. */
rima_class *rima_class_ancestor(rima_compiler *c, rima_class *cls, rima_class_decl *decl);

/* ---- instance.c: generics ---- */
rima_class *rima_class_instance(rima_compiler *c, rima_class_decl *decl, rima_type *const *args,
                                uint32_t count);
rima_type *rima_type_substitute(rima_compiler *c,
                                rima_type *type); /* parameters replaced by what they stand for */
/* Binds parameters in `open` so that it becomes `actual`; found[i] by param->index of `params`. False: cannot
 * be. */
bool rima_type_infer(rima_compiler *c, rima_type *open, rima_type *actual, rima_type_param *params,
                     uint32_t count, rima_type **found);
rima_fn *rima_fn_instance(rima_compiler *c, rima_function *ast, rima_unit *unit, rima_class *owner,
                          rima_extension *extension, rima_type *const *extension_args,
                          rima_type *const *args);
rima_fn *rima_fn_new(rima_compiler *c, rima_fn_kind kind, rima_function *ast, rima_unit *unit);
void rima_params_bind(rima_type_param *params, uint32_t count, rima_type *const *types);
typedef struct rima_saved_params {
  rima_type *types[24];
  uint32_t count;
} rima_saved_params;
/* Enters fn's world: its unit, class and type arguments; leave restores. */
typedef struct rima_saved_context {
  rima_context cx;
  rima_saved_params params;
  rima_fn *fn;
} rima_saved_context;
void rima_fn_enter(rima_compiler *c, rima_fn *fn, rima_saved_context *saved);
void rima_class_enter(rima_compiler *c, rima_class *cls, rima_saved_context *saved);
void rima_context_leave(rima_compiler *c, rima_saved_context *saved);

/* ---- declare.c ---- */
void rima_unit_declare(rima_compiler *c, rima_unit *unit);
void rima_unit_declare_imports(rima_compiler *c, rima_unit *unit);
void rima_class_decl_members(rima_compiler *c, rima_class_decl *d);
void rima_builtins_declare(rima_compiler *c);
rima_entity *rima_unit_find(rima_compiler *c, rima_unit *unit,
                            const rima_name *name);         /* own names, imports, core */
void rima_class_declare(rima_compiler *c, rima_class *cls); /* superclasses, fields */
rima_class_decl *rima_class_decl_of(rima_compiler *c, rima_decl *decl, rima_unit *unit);
rima_class *rima_class_variant(rima_compiler *c, rima_class *enum_, uint32_t index);
/* A variant has such a method of its own, unless someone wrote it. Of one without parameters there is one
 * object, which equals itself alone, as any object does. */
bool rima_class_is_structural(const rima_class *cls, rima_structural which);
/* toString, equals or hash of a variant or tuple, which nobody wrote. */
rima_fn *rima_class_structural(rima_compiler *c, rima_class *cls, rima_structural which);
const rima_name *rima_object_name(const rima_compiler *c, rima_structural which);
rima_fn *rima_object_method(const rima_compiler *c,
                            const rima_name *name); /* NULL: Object has none of this name */
rima_class *rima_tuple_class(rima_compiler *c, rima_type *tuple);
rima_class *rima_class_new(rima_compiler *c, rima_class_kind kind, const char *name, const char *qualified);
rima_class *rima_machine_class(rima_compiler *c, const char *name);
rima_fn *rima_class_constructor(rima_compiler *c, rima_class *cls);
void rima_fn_signature(rima_compiler *c, rima_fn *fn);  /* resolves params and result */
rima_type *rima_fn_type(rima_compiler *c, rima_fn *fn); /* as a function value, without `this` */
void rima_global_resolve(rima_compiler *c, rima_global *global);
rima_fn *rima_class_method(rima_compiler *c, rima_class *cls, uint32_t index);
rima_fn *rima_method_root(rima_compiler *c, rima_fn *method);
rima_class *rima_type_class(rima_compiler *c, rima_type *type); /* the class behind a type, or NULL */

/* ---- cycles.c ---- */
void rima_find_cycles(rima_compiler *c); /* sets is_in_cycle of the units not looked at before */

/* ---- resolve.c ---- */
rima_type *rima_resolve_element(rima_compiler *c, rima_type_expr *expr);
rima_type *rima_resolve_type(rima_compiler *c, rima_type_expr *expr);
/* NULL if it is not a type (nothing reported). */
rima_entity *rima_resolve_type_entity(rima_compiler *c, const rima_name *qualifier, const rima_name *name);
rima_type *rima_entity_type(rima_compiler *c, rima_entity *entity, rima_type **args, uint32_t count,
                            rima_span span);

bool rima_check_bounds(rima_compiler *c, rima_type_param *params, rima_type *const *types, uint32_t count,
                       rima_span span);

/* ---- members.c ---- */
typedef enum rima_found_kind {
  RIMA_FOUND_NOTHING,
  RIMA_FOUND_FIELD,
  RIMA_FOUND_METHOD,
  RIMA_FOUND_STATIC,
  RIMA_FOUND_STATIC_FUN
} rima_found_kind;
typedef struct rima_found {
  rima_found_kind kind;
  rima_field *field;
  rima_class *cls; /* where the member stands */
  uint32_t index;  /* method */
  rima_member *member;
  rima_global *global;
} rima_found;
rima_found rima_class_find(rima_compiler *c, rima_class *cls, const rima_name *name);
rima_extension_method *rima_extension_find(rima_compiler *c, rima_type *type, const rima_name *name,
                                           rima_type ***args);
void rima_report_no_member(rima_compiler *c, rima_type *type, rima_ident name);
bool rima_class_check_complete(rima_compiler *c, rima_class *cls, rima_span span);

/* ---- check_*.c ---- */
rima_type *rima_check(rima_compiler *c, rima_expr *e, rima_type *expected);
/* Checks e and that it converts to `want`; `what` names the place ("argument 1 of f"). */
void rima_check_to(rima_compiler *c, rima_expr *e, rima_type *want, const char *what);
bool rima_require(rima_compiler *c, rima_expr *e, rima_type *want,
                  const char *what); /* e is checked already */
rima_type *rima_check_call(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_construct(rima_compiler *c, rima_class *cls, rima_expr *e, rima_arg *args,
                                uint32_t count);
/* A call of the method `name` on `receiver` made up by the compiler (operators, protocols); NULL if there is
 * none. */
rima_call *rima_check_method_call(rima_compiler *c, rima_expr *receiver, rima_type *receiver_type,
                                  const rima_name *name, rima_expr **args, uint32_t count,
                                  rima_type *expected, rima_span span);
/* Methods that no class declares: the machine's for a type, or those that every value has. */
typedef enum rima_builtin { RIMA_BUILTIN_NONE, RIMA_BUILTIN_OF_TYPE, RIMA_BUILTIN_OF_ALL } rima_builtin;
rima_builtin rima_builtin_method(rima_compiler *c, rima_type *type, const rima_name *name, uint32_t *params);
rima_type *rima_check_member(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_name(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_binary(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_unary(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_index(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_lambda(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_match(rima_compiler *c, rima_expr *e, rima_type *expected);
rima_type *rima_check_if(rima_compiler *c, rima_expr *e, rima_type *expected);
/* The value is an int literal, whatever way the expression takes: it becomes a float where its sibling is
 * one. */
bool rima_is_int_literal(const rima_expr *e);
void rima_literal_to_float(rima_compiler *c, rima_expr *e);
rima_type *rima_adapt_branch(rima_compiler *c, rima_expr *value, rima_type *before, rima_type *other);
rima_expr *rima_block_value(const rima_block *block); /* NULL: it gives none */
rima_type *rima_branch_hint(rima_type *expected, rima_type *before);
void rima_check_inner(rima_compiler *c, rima_function *ast, rima_type *const *params, rima_type *result,
                      rima_span span);
void rima_check_condition(rima_compiler *c, rima_expr *e, rima_facts *when_true, rima_facts *when_false);
void rima_check_pattern(rima_compiler *c, rima_pattern *p, rima_type *subject);
rima_type *rima_check_block(rima_compiler *c, rima_block *block, rima_type *expected);
bool rima_check_stmt(rima_compiler *c, rima_stmt *s); /* whether it never goes on behind it */
void rima_check_variable(rima_compiler *c, rima_variable *v);
bool rima_check_iterable(rima_compiler *c, rima_stmt *s); /* the head of a for */
/* fn's body, with a context of its own. With infer, gives fn->result. */
void rima_check_fn(rima_compiler *c, rima_fn *fn);
rima_type *rima_infer_result(rima_compiler *c, rima_fn *fn);
rima_type *rima_infer_variable(rima_compiler *c, rima_global *global);
rima_type *rima_infer_field(rima_compiler *c, rima_field *field);
/* Whether the fields that cannot be null have a value when a constructor of cls, checked without errors,
 * ends. */
void rima_check_assigned(rima_compiler *c, rima_class *cls);
bool rima_field_needs_value(rima_compiler *c, rima_field *field);
void rima_report_unassigned(rima_compiler *c, const rima_field *field);

/* A scope: names declared in it twice are an error. leave takes what open gave. */
typedef struct rima_scope {
  uint32_t locals, base;
} rima_scope;
rima_scope rima_scope_open(rima_compiler *c);
void rima_scope_leave(rima_compiler *c, rima_scope scope);
void rima_scope_add(rima_compiler *c, rima_local *local, rima_type *type);
void rima_facts_add(rima_facts *facts, rima_local *local, rima_type *type);
void rima_narrow(rima_compiler *c, rima_local *local, rima_type *type);
void rima_facts_apply(rima_compiler *c, const rima_facts *facts);
void rima_narrow_restore(rima_compiler *c, uint32_t mark);
void rima_narrow_rewind(rima_compiler *c, uint32_t mark);
void rima_narrow_forget(rima_compiler *c, uint32_t since);
bool rima_block_assigns(const rima_block *block, const rima_local *local);
rima_type *rima_local_type(const rima_local *local);
void rima_use_local(rima_compiler *c, rima_local *local);
rima_local *rima_find_local(rima_compiler *c, const rima_name *name);

bool rima_const_int(rima_compiler *c, const rima_expr *e, int64_t *value);

/* ---- reach.c ---- */
void rima_reach_fn(rima_compiler *c, rima_fn *fn);              /* its code is needed */
void rima_reach_virtual(rima_compiler *c, rima_fn *root);       /* it is called through a slot */
void rima_reach_class(rima_compiler *c, rima_class *cls);       /* instances are made */
void rima_reach_unit(rima_compiler *c, rima_unit *unit);        /* its initialisers are needed */
void rima_reach_slots(rima_compiler *c, const rima_name *name); /* methods of this name get slots */
void rima_reach_whole(rima_compiler *c, rima_class *cls);
bool rima_is_overridden(rima_compiler *c, rima_fn *method); /* a call may have to choose at run time */

/* ---- dynamic.c ---- */
/* Something that dynamic code does with a name: calls it with so many arguments, or reads it (count -1). */
typedef struct rima_dynamic_use {
  const rima_name *name;
  int32_t count;
  struct rima_dynamic_use *next; /* of the same name */
  rima_map entries;              /* receiver's type → RIMA_FN_DYNAMIC */
} rima_dynamic_use;
void rima_reach_dynamic(rima_compiler *c, const rima_name *name, uint32_t count);
void rima_reach_dynamic_read(rima_compiler *c, const rima_name *name);
bool rima_is_called_dynamically(rima_compiler *c, const rima_name *name);
void rima_dynamic_receiver(rima_compiler *c, rima_type *type); /* the program makes values of this type */
void rima_emit_dynamic(rima_compiler *c, rima_fn *fn);
rima_fn *rima_adapter(rima_compiler *c, rima_type *type); /* type: a function's, or nullable */
void rima_emit_adapter(rima_compiler *c, rima_fn *fn);

/* ---- emission ---- */
void rima_emit_fn(rima_compiler *c, rima_fn *fn); /* checks and emits */
void rima_emit_structural(rima_compiler *c, rima_fn *fn);
uint32_t rima_image_type(rima_compiler *c, rima_type *type);
uint32_t rima_image_class(rima_compiler *c, rima_class *cls);
uint32_t rima_image_fn(rima_compiler *c, rima_fn *fn);
uint32_t rima_image_global(rima_compiler *c, rima_global *global);
uint32_t rima_image_fn_signature(rima_compiler *c, rima_fn *fn, bool with_receiver);
void rima_image_complete(rima_compiler *c); /* class tables, slots, init, main */

/* Lists the values of `type`'s struct of names; see names.c */
const rima_name *rima_intern(rima_compiler *c, const char *text);
#define RIMA_KIND(c, K) ((c)->simple[RIMA_T_##K])

/* resolved.flags of expressions */
enum {
  RIMA_FLAG_ASSIGNS = 1, /* evaluating it may assign local variables */
  RIMA_FLAG_ONCE = 2,    /* evaluate once, then use the register */
};
rima_class *rima_variant_class(rima_compiler *c, rima_class_decl *decl, uint32_t index, rima_type *expected);
rima_type *rima_check_entity_value(rima_compiler *c, rima_expr *e, rima_entity *entity, rima_type *expected);
rima_type *rima_check_unit_member(rima_compiler *c, rima_expr *e, rima_unit *unit, rima_type *expected);
rima_type *rima_check_found(rima_compiler *c, rima_expr *e, rima_found *found, rima_ident name,
                            rima_type *expected, bool has_object);
void rima_check_private(rima_compiler *c, rima_found *found, rima_ident name);
rima_entity *rima_entity_of(rima_compiler *c, rima_expr *e);
rima_class *rima_class_of_expr(rima_compiler *c, rima_expr *e);
bool rima_may_warn(const rima_compiler *c); /* not in the library, nor once for each use of a generic */
void rima_report_unknown(rima_compiler *c, const rima_name *name, rima_span span);

/* a[i] op= v through get and set. */
typedef struct rima_compound {
  rima_expr *value; /* a.get(i) op v */
  rima_call *set;
  rima_expr *computed; /* stands for value's register in set */
} rima_compound;

typedef enum rima_iterate {
  RIMA_ITERATE_NONE,
  RIMA_ITERATE_RANGE, /* a..b, written */
  RIMA_ITERATE_RANGE_VALUE,
  RIMA_ITERATE_ARRAY,
  RIMA_ITERATE_LIST,
  RIMA_ITERATE_CHANNEL,
  RIMA_ITERATE_PROTOCOL, /* iterator(), hasNext(), next() */
  RIMA_ITERATE_DYNAMIC,
} rima_iterate;

/* How a for goes through its head; in stmt->resolved.decl. */
typedef struct rima_iteration {
  uint8_t kind;
  rima_call *start, *has_next, *next;
  rima_expr *iterator; /* stands for the iterator's register */
} rima_iteration;

void rima_check_local_fun(rima_compiler *c, rima_stmt *s);
rima_type *rima_variable_type(rima_compiler *c, rima_variable *v);

/* A call instruction in the image whose slot is filled in once the classes are laid out. */
typedef struct rima_pending_slot {
  uint32_t function, word;
  rima_fn *root;
} rima_pending_slot;

/* How a map literal is built. */
typedef struct rima_map_plan {
  rima_call *make, *set;
  rima_expr *receiver, *key, *value; /* stand for registers in set */
} rima_map_plan;

/* How far the compiler had come before the present compile. */
typedef struct rima_progress {
  uint32_t units, live, uses, receivers;
} rima_progress;
void rima_progress_mark(rima_compiler *c, rima_progress *at);
void rima_roll_back(rima_compiler *c, const rima_progress *to);
void rima_pop_dead(rima_compiler *c, rima_class *cls);
rima_fn *rima_class_impl(rima_compiler *c, rima_class *cls, rima_fn *root);
const char *rima_home_name(rima_compiler *c, uint32_t epoch);
void rima_drain(rima_compiler *c); /* checks and emits what is reached */
const char *rima_type_qualified(rima_compiler *c,
                                rima_type *type); /* as rima_type_text, classes with their modules */
