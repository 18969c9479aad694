// The live handles of one type. With them a stale or foreign handle is an error, not a crash.
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

  // Destroy the object; false when the handle is not live.
  bool remove(const Object* handle) {
    std::scoped_lock lock(mutex_);
    return live_.erase(handle) == 1;
  }

  // Call `use(object)` while the object is kept alive; false when the handle is not live.
  template <typename Use>
  bool with(const Object* handle, Use use) {
    std::scoped_lock lock(mutex_);
    auto entry = live_.find(handle);
    if (entry == live_.end()) return false;
    use(*entry->second);
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const Object*, std::unique_ptr<Object>> live_;
};

}  // namespace softcann
