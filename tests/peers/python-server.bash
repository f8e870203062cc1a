# Sourced by the start scripts of the Python servers, which set `here` first.
# shellcheck shell=bash disable=SC2154 # `here` comes from there
# Installs requirements.txt into a virtual environment that is named by its content, then serves.
home=${PEERS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/scim-peers}
name=$(basename "$here")
env=$home/$name-$(sha256sum <"$here/requirements.txt" | cut -c1-12)
python=${PYTHON:-python3}

need_python() {
  command -v "$python" >/dev/null || {
    echo "$name: $python not found; python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)" >&2
    return 1
  }
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$name: $("$python" --version 2>&1) is too old; 3.11 or newer is needed (set PYTHON to choose another)" >&2
    return 1
  }
  "$python" -c 'import ensurepip, venv' 2>/dev/null || {
    echo "$name: $python cannot make virtual environments (Debian: apt-get install python3-venv)" >&2
    return 1
  }
}

mkdir -p "$home"
(
  flock 9 # two starts at once share one install
  if [ ! -e "$env/.ready" ]; then
    need_python
    rm -rf "$env"
    "$python" -m venv "$env"
    "$env/bin/pip" install -q --disable-pip-version-check --no-deps -r "$here/requirements.txt" >&2
    touch "$env/.ready"
  fi
) 9>"$home/.$name.lock"
[ "${1:-}" = --install-only ] && exit 0
exec "$env/bin/python" "$here/serve.py"
