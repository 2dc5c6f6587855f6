#include "tools/braidctl_names.hpp"

#include "tools/braidctl_client.hpp"
#include "tools/spelling.hpp"

#include <algorithm>

namespace braid {

namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

} // namespace

std::string complete_name(const std::string& typed,
                          const std::vector<std::string>& names,
                          const std::string& kind) {
  if (std::find(names.begin(), names.end(), typed) != names.end())
    return typed;
  std::vector<std::string> candidates;
  for (auto& name : names)
    if (!typed.empty() && name.starts_with(typed))
      candidates.push_back(name);
  if (candidates.size() == 1)
    return candidates.front();
  auto what = kind + " '" + typed + "'";
  if (!candidates.empty())
    throw braidctl_error{what + " could be any of " + listed(candidates)
                         + "; write more of its name"};
  if (names.empty())
    throw braidctl_error{"there is no " + what + "; there are none at all"};
  // Of a letter or two, anything would be a likely misspelling.
  constexpr std::size_t enough_to_guess = 3;
  auto meant =
    typed.size() < enough_to_guess ? std::nullopt : nearest(typed, names);
  if (meant)
    throw braidctl_error{"there is no " + what + "; did you mean '" + *meant
                         + "'?"};
  throw braidctl_error{
    "there is no " + what
    + (names.size() == 1 ? "; there is only " : "; there are ")
    + listed(names)};
}

} // namespace braid
