/* nothing.c: a shared object that is no policy. */
int nothing_at_all(void);
int nothing_at_all(void) { return 0; }
