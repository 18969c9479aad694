// The live handles of one kind: what makes a stale or foreign handle an error and not a crash.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

namespace softcann {

template <typename Object>
class Handles {
 public:
  Object* add(std::unique_ptr<Object> object) {
    std::scoped_lock lock(mutex_);
    Object* handle = object.get();
    live_.emplace(handle, std::move(object));
    return handle;
  }

  // Destroys the object; false when there is none.
  bool remove(const Object* handle) {
    std::scoped_lock lock(mutex_);
    return live_.erase(handle) == 1;
  }

  // Calls `use(object)` with the object kept alive; false when there is none.
  template <typename Use>
  bool with(const Object* handle, Use use) {
    std::scoped_lock lock(mutex_);
    auto found = live_.find(handle);
    if (found == live_.end()) return false;
    use(*found->second);
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const Object*, std::unique_ptr<Object>> live_;
};

}  // namespace softcann
