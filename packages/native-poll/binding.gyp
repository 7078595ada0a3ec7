# The addon in its four builds. `npm run build` makes the first, `npm run build -- --all` makes all.
# The sources are whatever lies under native/ when node-gyp configures; native/testing/ (fault injection)
# is never part of what a user runs.
{
  'variables': {
    'sources_release': ["<!@(find native -name '*.cc' ! -path 'native/testing/*' | LC_ALL=C sort)"],
    'sources_testing': ["<!@(find native -name '*.cc' | LC_ALL=C sort)"],
    'warnings': ['-Wall', '-Wextra', '-Werror'],
    # As system headers, so that their warnings are not ours. Each is one word: gyp drops what repeats.
    'system_headers': [
      '-isystem<(node_root_dir)/include/node',
      "-isystem<!(node -p \"path.resolve(require('node-addon-api').include_dir)\")",
    ],
  },

  'target_defaults': {
    'include_dirs': ['native'],
    'defines': [
      'NAPI_VERSION=8',
      'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      # A worker that is being terminated takes no exceptions any more: it must not take the process with it.
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
    ],
    'cflags': ['<@(warnings)', '-fvisibility=hidden', '<@(system_headers)'],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fvisibility-inlines-hidden'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CFLAGS': ['<@(warnings)', '<@(system_headers)'],
    },
  },

  'targets': [
    {
      'target_name': 'pollux_poll',
      'sources': ['<@(sources_release)'],
      'cflags': ['-O3', '-fno-semantic-interposition'],
      'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': '3'},
    },
    {
      'target_name': 'pollux_poll_testing',
      'sources': ['<@(sources_testing)'],
      'defines': ['POLLUX_TESTING=1'],
      # For tests alone: what counts is how soon it is built. (After the -O3 that Node's own settings give.)
      'cflags_cc': ['-O1'],
    },
    {
      'target_name': 'pollux_poll_posix',
      'sources': ['<@(sources_testing)'],
      'defines': ['POLLUX_TESTING=1', 'POLLUX_POSIX_ONLY=1'],
      'cflags_cc': ['-O1'],
    },
    {
      'target_name': 'pollux_poll_asan',
      'sources': ['<@(sources_testing)'],
      'defines': ['POLLUX_TESTING=1'],
      'variables': {
        'sanitize': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
      },
      'cflags_cc': ['<@(sanitize)', '-fno-omit-frame-pointer', '-O1', '-g'],
      'ldflags': ['<@(sanitize)'],
      'xcode_settings': {
        'GCC_OPTIMIZATION_LEVEL': '1',
        'OTHER_CFLAGS': ['<@(sanitize)', '-fno-omit-frame-pointer', '-g'],
        'OTHER_LDFLAGS': ['<@(sanitize)'],
      },
    },
  ],
}
