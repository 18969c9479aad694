// CANN's application log, to which torch_npu writes. SOFTCANN_LOG turns it on.
#include <cstdarg>
#include <cstdio>

#include "acl/acl.h"
#include "core/settings.h"

void aclAppLog(aclLogLevel level, const char* function, const char* file, uint32_t line, const char* format,
               ...) {
  if (static_cast<int>(level) < softcann::settings().log_level) return;
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::fprintf(stderr, "[%s] %s:%u %s: ", level >= 0 && level <= 3 ? kNames[level] : "log", file, line,
               function);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
}
