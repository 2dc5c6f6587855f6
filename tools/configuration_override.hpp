// What --set takes: "section.key=value", with less to type than in TOML.
#pragma once

#include "tools/configuration_draft.hpp"

#include <string>

namespace braid {

/// Applies one override. Quoted text and bracketed lists are TOML, as in the
/// file; everything else means what the key makes of it, without quotes.
///
/// @throws configuration_error
void apply_override(const std::string& text, configuration_draft& into);

} // namespace braid
