// Part of every program with the RPC side in it, in builds for the thread sanitizer only.

// What proto/thread-sanitizer-ignore.txt leaves of gRPC's templates: the functions of the standard library they call.
extern "C" const char* __tsan_default_suppressions() {
  return "race:CallOpServerSendStatus\nrace:CallOpSendMessage\nrace:SetSendMessage\n";
}

// Suppressions go by name. Debian's runtime looks for a symbolizer with a version in its name, which may not be there.
extern "C" const char* __tsan_default_options() {
  return "external_symbolizer_path=" FLOWBROKER_SYMBOLIZER;
}
