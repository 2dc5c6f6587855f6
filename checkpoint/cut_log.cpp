#include "checkpoint/cut_log.hpp"

#include "operators/archive.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace braid {

namespace {

constexpr char opening[] = "braid cuts 1\n";
constexpr std::size_t opening_size = sizeof(opening) - 1;

struct cut_record {
  std::string source;
  epoch_number epoch = 0;
  std::vector<source_cut> cuts;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& source& epoch& cuts;
  }
};

std::runtime_error problem(const std::filesystem::path& file,
                           const std::string& what) {
  return std::runtime_error{"cuts '" + file.string() + "': " + what};
}

byte_buffer contents_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  // A folder can be opened, and says that it is endless.
  if (!file || std::filesystem::is_directory(path))
    throw problem(path, "cannot be read; check that the file is there");
  byte_buffer result;
  result.resize(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(result.data()),
            static_cast<std::streamsize>(result.size()));
  if (!file)
    throw problem(path, "cannot be read to its end");
  return result;
}

cut_record decoded_record(const std::filesystem::path& file,
                          std::span<const std::byte> bytes) {
  try {
    return decoded<cut_record>(bytes);
  } catch (const decode_error& error) {
    throw problem(file,
                  std::string{"is damaged; record it again: "} + error.what());
  }
}

} // namespace

cut_recorder::cut_recorder(const std::filesystem::path& file)
  : path_(file), file_(file, std::ios::binary | std::ios::trunc) {
  if (!file_.write(opening, opening_size))
    throw problem(file,
                  std::string{"cannot be written: "} + std::strerror(errno));
}

void cut_recorder::record(const std::string& source, epoch_number epoch,
                          const std::vector<source_cut>& cuts) {
  auto bytes = encoded(cut_record{source, epoch, cuts});
  auto size = static_cast<std::uint32_t>(bytes.size());
  std::lock_guard guard{mutex_};
  file_.write(reinterpret_cast<const char*>(&size), sizeof(size));
  file_.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  if (!file_)
    throw problem(path_,
                  std::string{"cannot be written: "} + std::strerror(errno));
}

void recorded_cuts::load(const std::filesystem::path& path) {
  auto contents = contents_of(path);
  auto rest = contents.bytes();
  if (rest.size() < opening_size
      || std::memcmp(rest.data(), opening, opening_size) != 0)
    throw problem(path, "is not a recording of cuts");
  rest = rest.subspan(opening_size);
  while (!rest.empty()) {
    std::uint32_t size = 0;
    if (rest.size() < sizeof(size))
      throw problem(path, "is torn at its end; record it again");
    std::memcpy(&size, rest.data(), sizeof(size));
    rest = rest.subspan(sizeof(size));
    if (rest.size() < size)
      throw problem(path, "is torn at its end; record it again");
    auto record = decoded_record(path, rest.first(size));
    rest = rest.subspan(size);
    auto& known = cuts_[{record.source, record.epoch}];
    known.insert(known.end(), record.cuts.begin(), record.cuts.end());
  }
}

void recorded_cuts::add(const std::string& source, epoch_number epoch,
                        const std::vector<source_cut>& cuts) {
  auto& known = cuts_[{source, epoch}];
  for (auto& cut : cuts) {
    auto same_slice = [&](auto& x) { return x.slice == cut.slice; };
    auto found = std::find_if(known.begin(), known.end(), same_slice);
    if (found == known.end())
      known.push_back(cut);
    else if (*found != cut)
      throw std::logic_error{
        "source '" + source + "', slice " + std::to_string(cut.slice)
        + ", epoch " + std::to_string(epoch) + ": was cut elsewhere before"};
  }
}

void recorded_cuts::trim(epoch_number epoch) {
  std::erase_if(cuts_, [&](auto& each) { return each.first.second <= epoch; });
}

const std::vector<source_cut>& recorded_cuts::of(const std::string& source,
                                                 epoch_number epoch) const {
  static const std::vector<source_cut> none;
  auto found = cuts_.find({source, epoch});
  return found == cuts_.end() ? none : found->second;
}

} // namespace braid
