#!/usr/bin/env bash
# Chromium and Chinese fonts for the browser tests: installed where we may, else said how.
set -euo pipefail
has_chinese() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family)" ]; }
command -v chromium >/dev/null && has_chinese && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-noto-cjk >/dev/null
else
  echo "The browser tests need Chromium and a Chinese font. On Debian: sudo apt-get install chromium fontconfig fonts-noto-cjk" >&2
  exit 1
fi
