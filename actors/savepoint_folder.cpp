#include "actors/savepoint_folder.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <stdexcept>

namespace braid {

namespace {

namespace fs = std::filesystem;

constexpr auto suffix = ".savepoint";

savepoint_report unreadable(const fs::path& path, const std::string& why) {
  savepoint_report result;
  result.name = path.stem().string();
  result.path = path.string();
  result.stage = savepoint_stage::damaged;
  result.reason = why;
  return result;
}

savepoint_report report_of(const fs::path& path) {
  try {
    return describe(savepoint_input{path});
  } catch (const std::exception& error) {
    return unreadable(path, error.what());
  }
}

} // namespace

std::string savepoint_name(const std::string& run, std::int64_t when) {
  auto seconds = static_cast<std::time_t>(when / 1'000'000);
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  char text[32] = {};
  std::strftime(text, sizeof text, "-%Y%m%d-%H%M%S", &calendar);
  auto millis = std::to_string(when / 1'000 % 1'000);
  millis.insert(0, 3 - millis.size(), '0');
  return run + text + '.' + millis;
}

void check_savepoint_name(const std::string& name) {
  auto fits = [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  constexpr std::size_t longest = 200;
  if (name.empty() || name.front() == '.' || name.size() > longest
      || !std::all_of(name.begin(), name.end(), fits))
    throw std::runtime_error{"a savepoint cannot be called '" + name
                             + "'; use letters, digits, '-', '_' and '.'"};
}

fs::path savepoint_path(const fs::path& folder, const std::string& name) {
  if (name.find('/') != std::string::npos)
    return name;
  return folder / (name + suffix);
}

savepoint_report describe(const savepoint_input& file) {
  auto& manifest = file.manifest();
  savepoint_report result;
  result.name = file.path().stem().string();
  result.path = file.path().string();
  result.topology = manifest.topology;
  result.run = manifest.run;
  result.stage = savepoint_stage::written;
  result.epoch = manifest.epoch;
  result.bytes = file.bytes();
  result.taken_at = manifest.taken_at;
  result.periodic = manifest.periodic;
  for (auto& each : manifest.operators) {
    auto& known = result.operators.emplace_back();
    known.name = each.name;
    known.kind = each.kind;
    known.slices = static_cast<std::uint32_t>(each.slices.size());
    for (auto* contents : {&each.slices, &each.common})
      for (auto& content : *contents)
        known.bytes += content.size;
  }
  return result;
}

std::vector<savepoint_report> list_savepoints(const fs::path& folder) {
  std::vector<savepoint_report> result;
  if (!fs::exists(folder))
    return result;
  for (auto& entry : fs::directory_iterator{folder})
    if (entry.path().extension() == suffix)
      result.push_back(report_of(entry.path()));
  std::sort(result.begin(), result.end(), [](auto& x, auto& y) {
    return std::tie(x.taken_at, x.name) < std::tie(y.taken_at, y.name);
  });
  return result;
}

void prune_savepoints(const fs::path& folder, const std::string& run,
                      std::uint64_t keep) {
  auto all = list_savepoints(folder);
  std::erase_if(all, [&](auto& each) {
    return !each.periodic || each.run != run
           || each.stage != savepoint_stage::written;
  });
  for (std::size_t i = 0; i + keep < all.size(); ++i)
    fs::remove(all[i].path);
}

} // namespace braid
