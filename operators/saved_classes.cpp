#include "operators/saved_classes.hpp"

#include "operators/decode_error.hpp"

#include <algorithm>
#include <boost/core/demangle.hpp>

namespace braid {

namespace {

[[noreturn]] void fail(const std::type_info& type, const std::string& why) {
  throw decode_error{"class " + boost::core::demangle(type.name()) + " " + why};
}

std::string bytes(std::uint64_t count) {
  return std::to_string(count) + " bytes";
}

std::string form_of(const saved_class& x) {
  return x.raw_size == 0
           ? "by its serialize, as version " + std::to_string(x.version)
           : "as a copy of its " + bytes(x.raw_size);
}

} // namespace

std::uint64_t encoding::class_id(const char* name) {
  // FNV-1a.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (; *name != '\0'; ++name)
    hash = (hash ^ static_cast<unsigned char>(*name)) * 0x100'0000'01b3U;
  return hash;
}

void saved_classes::add(const saved_class& form) {
  auto same = std::find_if(classes_.begin(), classes_.end(),
                           [&](auto& x) { return x.id == form.id; });
  if (same == classes_.end())
    classes_.push_back(form);
  else if (*same != form)
    throw decode_error{"one class was saved in two forms, " + form_of(*same)
                       + ", and " + form_of(form)};
}

unsigned saved_classes::version_of(const saved_class& now,
                                   const std::type_info& type) {
  auto& saved = find(now, type);
  if (saved.raw_size != 0)
    fail(type, "was saved " + form_of(saved)
                 + ", and this build reads it by its serialize; only what "
                   "serialize wrote (see encode_by_fields) can be read by a "
                   "build that has changed it");
  if (saved.version > now.version)
    fail(type, "was saved as version " + std::to_string(saved.version)
                 + ", and this build knows it up to version "
                 + std::to_string(now.version));
  outdated_ = outdated_ || saved.version < now.version;
  return saved.version;
}

void saved_classes::expect_raw(const saved_class& now,
                               const std::type_info& type) const {
  auto& saved = find(now, type);
  if (saved.raw_size == 0)
    fail(type, "was saved " + form_of(saved) + ", and this build copies its "
                 + bytes(now.raw_size));
  if (saved.raw_size != now.raw_size)
    fail(type, "was saved " + form_of(saved) + ", and has "
                 + bytes(now.raw_size)
                 + " now; give it a serialize and a version (see "
                   "encode_by_fields) before it changes");
}

const saved_class& saved_classes::find(const saved_class& now,
                                       const std::type_info& type) const {
  for (auto& saved : classes_)
    if (saved.id == now.id)
      return saved;
  fail(type, "is not among what was saved; did it have another name?");
}

} // namespace braid
