// Counts the words of text files, as `tr -s ... | sort | uniq -c` would: the
// main job. Settings: input (files), output (a folder), slices (how many files
// the result has).
#include "operators/braid.hpp"

#include <string>

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A word is a run of ASCII letters, in lower case.
void split_words(const std::string& line, braid::emitter<std::string>& words) {
  std::string word;
  for (char c : line) {
    if (is_letter(c)) {
      word += lower(c);
    } else if (!word.empty()) {
      words.emit(word);
      word.clear();
    }
  }
  if (!word.empty())
    words.emit(word);
}

using word_and_count = braid::keyed_value<std::string, std::uint64_t>;

std::string format(const word_and_count& x) {
  return x.key + ' ' + std::to_string(x.value);
}

} // namespace

BRAID_TOPOLOGY(word_count) {
  auto slices = static_cast<std::uint32_t>(settings.number("slices", 16));
  topology.source("lines", braid::read_lines(settings.paths("input")))
    .flat_map("words", split_words)
    .key_by(braid::itself)
    .count("counts", braid::emit::at_end)
    .slices(slices)
    .sink("result", braid::write_lines(settings.path("output"), format));
}
