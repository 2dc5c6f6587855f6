// A shared library that has nothing to do with Braid.
extern "C" int answer() {
  return 42;
}
