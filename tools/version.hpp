// Which Braid this is.
#pragma once

namespace braid {

/// Such as "0.1.0".
const char* version();

} // namespace braid
