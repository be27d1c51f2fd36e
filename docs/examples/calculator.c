/* calculator.c: a host program that scripts itself in Rima.
 *
 * It gives the guest a native, loads a program from memory, calls it, shows what an error looks like, and
 * bounds a program that would not end. Build: link with libterza (see docs/embedding.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terza/terza.h>

static const char program[] =
    "native fun discount(customer: str): float\n"
    "\n"
    "class Order(let customer: str, let amount: float)\n"
    "\n"
    "fun order(customer: str, amount: float): Order { return Order(customer, amount) }\n"
    "fun total(o: Order): float { return o.amount * (1.0 - discount(o.customer)) }\n"
    "fun describe(o: Order): str = \"${o.customer} pays ${total(o)}\"\n"
    "fun share(amount: int, people: int): int = amount / people\n"
    "fun forever() { while true { } }\n";

/* What the guest calls: a table of the host's. */
static bool discount(terza_call_frame *call, void *data) {
  const char *favourite = data;
  size_t length;
  const char *customer = terza_arg_string(call, 0, &length);
  if (customer == NULL || length == 0) return terza_raise(call, "ArgumentError", "a customer needs a name");
  bool favoured = length == strlen(favourite) && memcmp(customer, favourite, length) == 0;
  return terza_return(call, terza_float(favoured ? 0.25 : 0));
}

static int fail(const char *what, terza_error *error) {
  fprintf(stderr, "%s: %s: %s\n%s", what, error->type, error->message, error->trace);
  terza_error_clear(error);
  return EXIT_FAILURE;
}

/* Makes an Order in the guest, holds it by a handle, and asks the guest about it. */
static bool show_order(terza_vm *vm, const char *customer, double amount, terza_error *error) {
  terza_value arguments[] = {terza_string(customer, strlen(customer)), terza_float(amount)};
  terza_value order, text;
  if (!terza_call_name(vm, "shop.order", arguments, 2, &order, error)) return false;
  bool ok = terza_call_name(vm, "shop.describe", &order, 1, &text, error);
  if (ok) printf("%s\n", text.s.text);
  if (ok) terza_value_clear(&text);
  terza_value_clear(&order);
  return ok;
}

int main(void) {
  terza_error error = {0};
  terza_config config;
  terza_config_init(&config);
  config.memory_limit = 64 << 20;
  config.step_limit = 10000000;

  terza_vm *vm = terza_new(&config, &error);
  if (vm == NULL) return fail("making the machine", &error);
  if (!terza_register(vm, "shop.discount", "(string)f64", discount, "Ana", &error))
    return fail("registering", &error);
  if (!terza_load_source(vm, "shop.rima", program, strlen(program), &error)) return fail("loading", &error);

  if (!show_order(vm, "Ana", 80, &error) || !show_order(vm, "Bo", 80, &error)) return fail("calling", &error);

  terza_value people[] = {terza_int(100), terza_int(0)};
  if (!terza_call_name(vm, "shop.share", people, 2, NULL, &error))
    printf("%s at %s:%u: %s\n", error.type, error.file, error.line, error.message);

  if (!terza_call_name(vm, "shop.forever", NULL, 0, NULL, &error))
    printf("%s: %s\n", error.type, error.message);

  const char *wrong = "fun f(): int = \"one\"\n";
  if (!terza_load_source(vm, "wrong.rima", wrong, strlen(wrong), &error))
    printf("%s at %s:%u\n", error.type, error.file, error.line);

  terza_error_clear(&error);
  terza_free(vm);
  return EXIT_SUCCESS;
}
