/* ast.h: the syntax tree of Rima.
 *
 * Tagged unions in the session's arena. Every node carries its span. The parser fills what syntax tells;
 * fields under "checker" are zero from the parser and belong to the checker, which annotates in place
 * (generic bodies are annotated anew for each instantiation, then code is generated at once).
 *
 * Names are interned: compare pointers. The parser resolves no names, but its scope pass sets on every
 * rima_local whether an inner function (lambda, local fun, spawn or defer block) mentions it and whether it
 * is assigned after its initialisation. Both facts err on the safe side: a bare name in a pattern counts as a
 * local although the checker may find it to be a variant. Arrays are (pointer, count); an absent optional
 * child is NULL. A tree from a parse that reported errors may contain RIMA_EXPR_ERROR and must not be
 * compiled. Reference: docs/language.md. */
#pragma once
#include "session.h"

struct rima_type; /* the checker's */
typedef struct rima_expr rima_expr;
typedef struct rima_stmt rima_stmt;
typedef struct rima_decl rima_decl;
typedef struct rima_pattern rima_pattern;
typedef struct rima_type_expr rima_type_expr;
typedef struct rima_function rima_function;
typedef struct rima_local rima_local;

/* A name with its place. */
typedef struct rima_ident {
  const rima_name *name; /* NULL: absent */
  rima_span span;
} rima_ident;

/* What the checker decided about a node; free for its use. */
typedef struct rima_resolved {
  union {
    void *decl;
    rima_local *local;
    int64_t index;
  };
  int32_t reg;
  uint8_t how;
  uint8_t flags;
  union {
    uint16_t part; /* of a pattern in a variant's parentheses: the field's index */
    uint16_t once; /* of an expression that is evaluated once: its register, when it has been */
  };
} rima_resolved;

/* ---- types as written ---- */

typedef enum rima_type_expr_kind {
  RIMA_TYPE_NAME,     /* int, dyn, void, List[T], json.Value */
  RIMA_TYPE_NULLABLE, /* T? */
  RIMA_TYPE_TUPLE,    /* (A, B) */
  RIMA_TYPE_FUNCTION, /* (A, B) -> R */
  RIMA_TYPE_ERROR,
} rima_type_expr_kind;

struct rima_type_expr {
  rima_type_expr_kind kind;
  rima_span span;
  union {
    struct {
      rima_ident qualifier; /* `json` of json.Value; name NULL if absent */
      rima_ident name;
      rima_type_expr **args;
      uint32_t arg_count;
    } named;
    rima_type_expr *nullable;
    struct {
      rima_type_expr **items;
      uint32_t count;
      rima_type_expr *result; /* function only */
    } tuple;                  /* also function */
  };
  struct rima_type *type; /* checker */
};

/* [T: Bound] */
typedef struct rima_type_param {
  rima_ident name;
  rima_type_expr *bound;  /* or NULL */
  struct rima_type *type; /* checker: what it stands for at present */
  int32_t index;          /* position in its list */
} rima_type_param;

/* ---- local and module variables, parameters ---- */

typedef enum rima_storage {
  RIMA_STORAGE_LOCAL, /* let, var, pattern, for, catch, local fun */
  RIMA_STORAGE_PARAM,
  RIMA_STORAGE_MODULE, /* top-level let and var, and fields */
} rima_storage;

struct rima_local {
  const rima_name *name;
  rima_span span;            /* of the name */
  rima_function *function;   /* in whose frame it lives (module variables: the module's init) */
  uint8_t storage;           /* rima_storage */
  bool is_mutable;           /* declared with var */
  bool is_captured;          /* mentioned by an inner function (never set for module variables) */
  bool is_assigned;          /* assigned after its initialisation */
  bool is_assigned_by_inner; /* ... by an inner function */
  bool is_private;           /* module variables */
  uint32_t uses;             /* mentions seen by the scope pass, assignments not counted */
  /* checker */
  struct rima_type *type;
  struct rima_type *narrowed; /* smart cast in force, or NULL */
  int32_t reg;                /* register, or module-variable number */
  int32_t state;
  void *info;
};

enum { RIMA_MOST_PARAMETERS = 250 }; /* and arguments: 256 registers hold them with what a call adds */

typedef struct rima_param {
  rima_local *local;        /* always present */
  rima_type_expr *type;     /* NULL: dyn (or, in a lambda, to be inferred) */
  rima_expr *default_value; /* or NULL */
  bool is_field;            /* let or var before it: class parameters only (var: local->is_mutable) */
  bool is_private;          /* private let x: class parameters only */
  rima_text doc;
} rima_param;

/* A variable of an enclosing function used by an inner one. The checker fills the list. */
typedef struct rima_capture {
  rima_local *local;
  int32_t reg; /* free for the checker: where the capturing function finds it */
} rima_capture;

/* ---- functions: everything that has a frame ---- */

typedef enum rima_function_kind {
  RIMA_FUNCTION_MODULE,      /* top-level statements and variables of a module */
  RIMA_FUNCTION_NAMED,       /* fun at top level, local fun */
  RIMA_FUNCTION_METHOD,      /* fun in a class, interface, enum or extend (is_static tells) */
  RIMA_FUNCTION_CONSTRUCTOR, /* a class's parameters, initialisers and init blocks; body and value are NULL */
  RIMA_FUNCTION_LAMBDA,
  RIMA_FUNCTION_SPAWN, /* the block of spawn { } */
  RIMA_FUNCTION_DEFER, /* the statement of defer, as a function of no parameters */
  RIMA_FUNCTION_TEST,
} rima_function_kind;

typedef struct rima_block {
  rima_span span; /* with the braces */
  rima_stmt **stmts;
  uint32_t count;
} rima_block;

struct rima_function {
  uint8_t kind; /* rima_function_kind */
  bool is_native, is_abstract, is_static, is_open, is_override, is_private;
  bool has_return_value;                          /* contains `return e`, inner functions not counted */
  bool has_return;                                /* contains any return */
  bool has_spawn, has_select, has_try, has_defer; /* inner functions not counted */
  bool has_lambda;                                /* contains a lambda, local fun, spawn or defer block */
  bool has_loop;
  bool uses_this;       /* mentions this or super, inner functions counted */
  uint16_t depth;       /* number of enclosing functions: 0 for module, members and top-level fun */
  rima_ident name;      /* absent for lambdas, spawn, defer, module */
  rima_span span;       /* the whole */
  rima_function *outer; /* the enclosing function of an inner one, else NULL */
  rima_type_param *type_params;
  uint32_t type_param_count;
  rima_param *params;
  uint32_t param_count;
  rima_type_expr *result; /* or NULL */
  rima_block *body;       /* { … }, or NULL */
  rima_expr *value;       /* = e, or a lambda's => e; NULL if body or no body at all */
  rima_text doc;
  /* checker */
  rima_capture *captures;
  uint32_t capture_count, capture_capacity;
  bool is_busy;                 /* annotated at present for some use: nothing else may annotate it */
  bool is_used;                 /* some use of it is reached */
  struct rima_list *tail_names; /* called in tail position; see tail.c */
  struct rima_type *type;
  struct rima_type *result_type;
  void *info;
};

/* The index of `local` among the captures of `function`, added if absent. */
uint32_t rima_function_capture(rima_arena *arena, rima_function *function, rima_local *local);

/* ---- expressions ---- */

typedef enum rima_unary_op {
  RIMA_UNARY_NEGATE,
  RIMA_UNARY_NOT,
  RIMA_UNARY_BIT_NOT,
  RIMA_UNARY_NOT_NULL
} rima_unary_op;

typedef enum rima_binary_op {
  RIMA_BINARY_NONE, /* in assignments: plain = */
  RIMA_BINARY_ADD,
  RIMA_BINARY_SUB,
  RIMA_BINARY_MUL,
  RIMA_BINARY_DIV,
  RIMA_BINARY_REM,
  RIMA_BINARY_SHL,
  RIMA_BINARY_SHR,
  RIMA_BINARY_USHR,
  RIMA_BINARY_AND, /* & | ^ */
  RIMA_BINARY_OR,
  RIMA_BINARY_XOR,
  RIMA_BINARY_LOGICAL_AND, /* && || */
  RIMA_BINARY_LOGICAL_OR,
  RIMA_BINARY_COALESCE, /* ?? */
  RIMA_BINARY_EQ,
  RIMA_BINARY_NE,
  RIMA_BINARY_SAME, /* === !== */
  RIMA_BINARY_NOT_SAME,
  RIMA_BINARY_LT,
  RIMA_BINARY_LE,
  RIMA_BINARY_GT,
  RIMA_BINARY_GE,
  RIMA_BINARY_IN,
  RIMA_BINARY_NOT_IN,
} rima_binary_op;
const char *rima_binary_op_text(rima_binary_op op); /* "+", "!in", … */
const char *rima_unary_op_text(rima_unary_op op);

typedef enum rima_expr_kind {
  RIMA_EXPR_INT, /* also characters; literal */
  RIMA_EXPR_FLOAT,
  RIMA_EXPR_BOOL,
  RIMA_EXPR_NULL,
  RIMA_EXPR_STRING,
  RIMA_EXPR_INTERPOLATION,
  RIMA_EXPR_NAME,
  RIMA_EXPR_THIS,
  RIMA_EXPR_SUPER, /* only as the object of a member */
  RIMA_EXPR_MEMBER,
  RIMA_EXPR_CALL,
  RIMA_EXPR_INDEX,
  RIMA_EXPR_UNARY,
  RIMA_EXPR_BINARY,
  RIMA_EXPR_RANGE,
  RIMA_EXPR_IS,
  RIMA_EXPR_AS,
  RIMA_EXPR_TUPLE,
  RIMA_EXPR_LIST,
  RIMA_EXPR_MAP,
  RIMA_EXPR_OBJECT, /* dyn { … } */
  RIMA_EXPR_LAMBDA,
  RIMA_EXPR_IF,
  RIMA_EXPR_MATCH,
  RIMA_EXPR_TRY,
  RIMA_EXPR_BLOCK, /* a match arm's block; also return, throw, break, continue or an assignment used as an
                      expression */
  RIMA_EXPR_SPAWN,
  RIMA_EXPR_ERROR, /* already reported */
} rima_expr_kind;

typedef struct rima_arg {
  rima_ident name; /* name NULL: positional */
  rima_expr *value;
} rima_arg;

typedef struct rima_entry { /* of a map or a dynamic object */
  rima_expr *key;           /* map */
  rima_ident name;          /* dynamic object */
  rima_expr *value;
} rima_entry;

/* pattern if guard => body */
typedef struct rima_arm {
  rima_span span;
  rima_pattern *pattern;
  rima_expr *guard; /* or NULL */
  rima_expr *body;  /* a block is RIMA_EXPR_BLOCK */
} rima_arm;

typedef struct rima_catch {
  rima_span span;
  rima_local *local;
  rima_type_expr *type; /* NULL: every Error */
  rima_block *body;
} rima_catch;

/* Rare or large parts of an expression stand apart: most are names and literals, and there are many. */
typedef struct rima_written_types {
  rima_type_expr **items;
  uint32_t count;
} rima_written_types;

typedef struct rima_try {
  rima_block *body;
  rima_catch *catches;
  uint32_t catch_count;
  rima_block *finally; /* or NULL */
} rima_try;

struct rima_expr {
  uint8_t kind; /* rima_expr_kind */
  uint8_t op;   /* rima_unary_op or rima_binary_op of UNARY, BINARY */
  bool is_parenthesised;
  bool is_safe;      /* MEMBER: ?. */
  bool is_inclusive; /* RANGE: ..= */
  bool is_negated;   /* IS: !is */
  bool is_character; /* INT: written as a character */
  rima_span span;
  struct rima_type *type; /* checker */
  rima_resolved resolved; /* checker */
  union {
    int64_t integer;
    double number;
    bool boolean;
    rima_text text; /* STRING, decoded */
    struct {        /* INTERPOLATION: STRING parts (never empty) and others in order */
      rima_expr **parts;
      uint32_t count;
    } interpolation;
    const rima_name *name; /* NAME */
    struct {
      rima_expr *object;
      rima_ident name;
    } member;
    struct {
      rima_expr *callee;
      rima_arg *args;
      uint32_t count;
    } call;
    struct { /* INDEX: a[i], or type arguments as in first[int](…), Map[str, int]() */
      rima_expr *object;
      rima_expr *index;          /* NULL if what stands in the brackets can only be types */
      rima_written_types *types; /* non-NULL if it can be read as types; both are present when only the
                                  * checker can tell */
    } index;
    rima_expr *operand; /* UNARY */
    struct {            /* BINARY, RANGE */
      rima_expr *left, *right;
      rima_span op_span;
    } binary;
    struct { /* IS, AS */
      rima_expr *value;
      rima_type_expr *target;
    } cast;
    struct { /* TUPLE (count >= 2), LIST */
      rima_expr **items;
      uint32_t count;
    } list;
    struct { /* MAP, OBJECT */
      rima_entry *entries;
      uint32_t count;
    } map;
    rima_function *function; /* LAMBDA */
    struct {
      rima_expr *condition;
      rima_block *then;
      rima_expr *otherwise; /* NULL, an IF, or a BLOCK */
    } branch;
    struct {
      rima_expr *subject;
      rima_arm *arms;
      uint32_t count;
      bool is_complete; /* checker: some arm takes every value */
    } match;
    rima_try *try_;
    rima_block *block; /* BLOCK */
    struct {           /* SPAWN: one of the two */
      rima_function *block;
      rima_expr *call;
    } spawn;
  };
};
_Static_assert(sizeof(rima_expr) == 64, "a cache line");

/* ---- patterns ---- */

typedef enum rima_pattern_kind {
  RIMA_PATTERN_WILDCARD, /* _ */
  RIMA_PATTERN_NAME,     /* x: binds, unless the checker finds a variant of that name */
  RIMA_PATTERN_LITERAL,  /* number, string, bool, null */
  RIMA_PATTERN_RANGE,    /* 1..9, 'a'..='z' */
  RIMA_PATTERN_VARIANT,  /* Circle(r), Shape.Circle(r), Color.Red */
  RIMA_PATTERN_TUPLE,
  RIMA_PATTERN_TYPE, /* is T */
  RIMA_PATTERN_OR,
  RIMA_PATTERN_ERROR,
} rima_pattern_kind;

struct rima_pattern {
  uint8_t kind; /* rima_pattern_kind */
  rima_span span;
  union {
    rima_local *local;  /* NAME */
    rima_expr *literal; /* LITERAL: INT, FLOAT, BOOL, NULL, STRING */
    struct {
      rima_expr *low, *high;
      bool is_inclusive;
    } range;
    struct {
      rima_ident qualifier; /* Shape of Shape.Circle; name NULL if absent */
      rima_ident name;
      rima_pattern **args;
      rima_ident *arg_names; /* Circle(radius: r): name NULL where positional; NULL if none is named */
      uint32_t count;
      bool has_args;
    } variant;
    struct { /* TUPLE, OR */
      rima_pattern **items;
      uint32_t count;
    } list;
    rima_type_expr *is_type;
  };
  struct rima_type *type; /* checker */
  rima_resolved resolved; /* checker */
};

/* ---- statements ---- */

typedef enum rima_stmt_kind {
  RIMA_STMT_LET, /* let and var */
  RIMA_STMT_EXPR,
  RIMA_STMT_ASSIGN,
  RIMA_STMT_WHILE,
  RIMA_STMT_FOR,
  RIMA_STMT_BREAK,
  RIMA_STMT_CONTINUE,
  RIMA_STMT_RETURN,
  RIMA_STMT_THROW,
  RIMA_STMT_DEFER,
  RIMA_STMT_ASSERT,
  RIMA_STMT_SELECT,
  RIMA_STMT_FUN,   /* local function */
  RIMA_STMT_BLOCK, /* a bare { … } */
} rima_stmt_kind;

/* let p: T = e, at any level. */
typedef struct rima_variable {
  rima_pattern *pattern; /* NAME, or TUPLE of NAME, WILDCARD and TUPLE */
  rima_type_expr *type;  /* or NULL */
  rima_expr *value;      /* or NULL */
  bool is_mutable;       /* var */
} rima_variable;

typedef enum rima_select_kind {
  RIMA_SELECT_RECV,
  RIMA_SELECT_SEND,
  RIMA_SELECT_AFTER,
  RIMA_SELECT_ELSE
} rima_select_kind;

typedef struct rima_select_arm {
  uint8_t kind; /* rima_select_kind */
  rima_span span;
  rima_pattern *pattern; /* RECV: what `let` binds, or NULL */
  bool is_mutable;       /* RECV: var instead of let */
  rima_expr *channel;    /* RECV, SEND */
  rima_expr *value;      /* SEND: the value; AFTER: the milliseconds */
  rima_expr *body;
  int32_t reg; /* checker */
} rima_select_arm;

struct rima_stmt {
  uint8_t kind; /* rima_stmt_kind */
  uint8_t op;   /* ASSIGN: rima_binary_op, NONE for plain = */
  rima_span span;
  union {
    rima_variable let;
    rima_expr *expr; /* EXPR, THROW; RETURN (or NULL) */
    struct {
      rima_expr *target; /* NAME, MEMBER or INDEX */
      rima_expr *value;
    } assign;
    struct {
      rima_ident label;      /* name NULL: none */
      rima_pattern *pattern; /* FOR */
      rima_expr *head;       /* condition, or what is iterated */
      rima_block *body;
    } loop;
    struct { /* BREAK, CONTINUE */
      rima_ident label;
      rima_stmt *target; /* the loop meant; set by the parser */
    } jump;
    rima_function *defer;
    struct {
      rima_expr *condition, *message; /* message or NULL */
    } assert_;
    struct {
      rima_select_arm *arms;
      uint32_t count;
    } select;
    struct {
      rima_local *local;
      rima_function *function;
    } fun;
    rima_block *block;
  };
  rima_resolved resolved; /* checker */
};

/* ---- declarations ---- */

typedef enum rima_decl_kind {
  RIMA_DECL_IMPORT,
  RIMA_DECL_VARIABLE, /* top level: module variable; member: field */
  RIMA_DECL_FUN,
  RIMA_DECL_CLASS,
  RIMA_DECL_INTERFACE,
  RIMA_DECL_ENUM,
  RIMA_DECL_EXTEND,
  RIMA_DECL_INIT, /* member: init { } */
  RIMA_DECL_TEST,
  RIMA_DECL_STMT, /* top-level statement */
} rima_decl_kind;

/* collections { Deque, PriorityQueue as Heap } */
typedef struct rima_import_item {
  rima_ident name, alias; /* alias.name NULL: the same */
} rima_import_item;

typedef struct rima_variant {
  rima_ident name;
  rima_span span;
  rima_function *constructor; /* the frame of its parameters' defaults; holds the parameters too */
  rima_param *params;
  uint32_t param_count;
  bool has_params; /* written with parentheses */
  rima_text doc;
  void *info; /* checker */
} rima_variant;

struct rima_decl {
  uint8_t kind; /* rima_decl_kind */
  bool is_private, is_static, is_open, is_abstract;
  rima_span span;
  rima_ident name; /* absent for extend, init, statement, tuple variables; test: its title */
  rima_text doc;
  union {
    struct {
      rima_text path; /* `collections`, `./geometry` */
      rima_span path_span;
      bool is_file;     /* written as a string */
      rima_ident alias; /* as j; name NULL: the last part of the path */
      rima_import_item *items;
      uint32_t item_count;
      bool has_items;
    } import;
    rima_variable variable;
    rima_function *function; /* FUN, TEST */
    struct {                 /* CLASS, INTERFACE, ENUM */
      rima_type_param *type_params;
      uint32_t type_param_count;
      rima_function *constructor; /* CLASS: holds the parameters; the frame of initialisers and init blocks */
      bool has_params;            /* CLASS: written with parentheses */
      rima_type_expr **supers;    /* as written; which is the class is the checker's business */
      uint32_t super_count;
      int32_t super_call; /* index in supers of the one called, Base(seed), or -1 */
      rima_arg *super_args;
      uint32_t super_arg_count;
      rima_variant *variants; /* ENUM */
      uint32_t variant_count;
      rima_decl **members; /* VARIABLE, FUN, INIT in textual order */
      uint32_t member_count;
    } class_;
    struct {
      rima_type_param *type_params; /* extend[T] List[T] { } */
      uint32_t type_param_count;
      rima_type_expr *target;
      rima_decl **members; /* FUN */
      uint32_t member_count;
    } extend;
    rima_block *init;
    rima_stmt *stmt;
  };
  void *info; /* checker */
};

typedef struct rima_module {
  rima_source *source;
  rima_text doc;
  rima_function *init; /* owns the locals of top-level statements and the module variables */
  rima_decl **decls;   /* in textual order */
  uint32_t count;
  bool has_errors;
} rima_module;
