// The settings that a user gives a topology when it is submitted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// Texts by name. What is missing or malformed throws `topology_error` with
/// the name and the remedy. Remembers what was asked for, so that misspelt
/// settings are found.
class settings {
public:
  settings() = default;

  explicit settings(std::map<std::string, std::string> values)
    : values_(std::move(values)) {}

  bool has(const std::string& name) const;

  std::string text(const std::string& name) const;
  std::string text(const std::string& name, const std::string& otherwise) const;

  /// A path, or several separated by commas.
  std::vector<std::string> paths(const std::string& name) const;
  std::string path(const std::string& name) const;

  std::int64_t number(const std::string& name) const;
  std::int64_t number(const std::string& name, std::int64_t otherwise) const;

  bool flag(const std::string& name, bool otherwise) const;

  const std::map<std::string, std::string>& all() const {
    return values_;
  }

  /// The settings that nobody asked for.
  std::vector<std::string> unused() const;

private:
  std::map<std::string, std::string> values_;
  mutable std::map<std::string, bool> used_;
};

} // namespace braid
