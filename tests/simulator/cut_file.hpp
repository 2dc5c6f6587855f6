// A file for the cuts of one simulated run, gone with the object.
#pragma once

#include "checkpoint/cut_log.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

namespace braid::simulator {

class cut_file {
public:
  cut_file()
    : path_(std::filesystem::temp_directory_path()
            / ("braid-cuts-" + std::to_string(getpid()))) {}

  ~cut_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  cut_file(const cut_file&) = delete;
  cut_file& operator=(const cut_file&) = delete;

  std::shared_ptr<cut_recorder> begin() const {
    return std::make_shared<cut_recorder>(path_);
  }

  /// Once the recorder is gone.
  std::shared_ptr<const recorded_cuts> load() const {
    auto result = std::make_shared<recorded_cuts>();
    result->load(path_);
    return result;
  }

private:
  std::filesystem::path path_;
};

} // namespace braid::simulator
