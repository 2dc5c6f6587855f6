// Names that users need not write out.
#pragma once

#include <string>
#include <vector>

namespace braid {

/// The one of `names` that `typed` means: itself, or the only one that it
/// begins. `kind` is what they are: "run".
///
/// @throws braidctl_error if several or none begin so; it lists the candidates.
std::string complete_name(const std::string& typed,
                          const std::vector<std::string>& names,
                          const std::string& kind);

} // namespace braid
