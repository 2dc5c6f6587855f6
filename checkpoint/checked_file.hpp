// Files that are either whole or not there: savepoints and their like.
#pragma once

#include "operators/byte_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace braid {

/// What a file says that it is.
struct file_format {
  std::string kind; ///< for example "savepoint"; at most 16 characters
  std::uint32_t version = 1;
};

/// Writes a file with a checksum, atomically and durably: on return it is on
/// the disk; if this throws `file_error`, or the machine stops, the file that
/// was there before is untouched (or, when the very last step fails, replaced
/// by a whole one). A file `<path>.new` beside it is used meanwhile and is left
/// behind only if the process dies; the next write takes it over.
void write_checked_file(const std::filesystem::path& path,
                        const file_format& format,
                        std::span<const std::byte> contents);

/// The contents of a file that `write_checked_file` wrote with the same format.
/// Throws `file_error` if it is missing, of another kind or version, torn or
/// damaged.
byte_buffer read_checked_file(const std::filesystem::path& path,
                              const file_format& format);

} // namespace braid
