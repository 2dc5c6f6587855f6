#include "operators/text_form.hpp"

namespace braid {

void quote_csv_field(std::string& out, std::size_t begin, char separator) {
  const char special[] = {separator, '"', '\n', '\r'};
  if (out.find_first_of(special, begin, sizeof(special)) == out.npos)
    return;
  for (auto at = out.find('"', begin); at != out.npos;
       at = out.find('"', at + 2))
    out.insert(at, 1, '"');
  out.insert(begin, 1, '"');
  out += '"';
}

} // namespace braid
