# BRAID_SANITIZE: a comma-separated list for -fsanitize, set by the presets.
set(BRAID_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
if(BRAID_SANITIZE)
  # CAF's headers bind a null reference for actors without arguments, which is
  # harmless but would fail every run.
  # The other checks that are left out look at every access, take long to
  # compile, and find what AddressSanitizer finds, too, or what this machine does
  # not mind.
  add_compile_options(-fsanitize=${BRAID_SANITIZE} -fno-sanitize=null,vptr
    -fno-sanitize=object-size,alignment
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1
    # g++ 12 raises it falsely in std::function when it instruments.
    -Wno-error=maybe-uninitialized)
  if(BRAID_SANITIZE MATCHES "thread")
    # Boost.Asio has fences, which this sanitizer does not know. What they order
    # is ordered by Asio's locks as well.
    add_compile_options(-Wno-tsan)
  endif()
  # Nobody works in these builds, one change after the other: sources that are
  # compiled together read CAF's headers once.
  set(BRAID_UNITY_BATCH 8)
  add_link_options(-fsanitize=${BRAID_SANITIZE})
endif()
