// "Did you mean ...?": what somebody probably wanted to write.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// The candidate that `word` is most likely a misspelling of: the one with the
/// fewest insertions, deletions and replacements between them, the first of
/// equals. Nothing if even that one differs in more than a third of its letters
/// (at least 2) and does not begin with `word` (at least 3 letters of it).
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

} // namespace braid
