# What scripts see of the program: KSR, sr and Router. Run once, before any script; `_portico` is the program's side.
import array
import importlib.util
import linecache
import sys
import traceback
import types

import pyodide.ffi

import _portico

_run_sync = pyodide.ffi.run_sync
_done = _portico.done
_PLAIN = frozenset((int, str, bool, type(None)))

# Where a run that has not waited leaves its result: whether there is one, and it. The program reads this memory, which is faster than a call.
_ended = array.array("i", [0, 0])
_waits = 0


def _wait(promise):
    # other runs of the script go on meanwhile, so the program is told who goes on
    global _waits
    _waits += 1
    who = _portico.leave()
    try:
        return _run_sync(promise)
    finally:
        _portico.enter(who)


def _waiting(call):
    # a promise would be made a future of asyncio on its way here, so it comes in an object
    def run(*args):
        result = call(*args)
        return result if type(result) is int or type(result) in _PLAIN else _wait(result.promise)

    return run


def _exit(code=None):
    raise SystemExit(code)


def _type_error(text):
    # called by the program, which cannot raise errors of Python itself
    raise TypeError(text)


def _runtime_error(text):
    raise RuntimeError(text)


# ---- KSR, sr, Router ----


def _tree(name):
    root = types.ModuleType(name)
    root.__version__ = 50603
    for group in _portico.groups():
        at = root
        if group != "":
            at = types.ModuleType(name + "." + group)
            setattr(root, group, at)
            sys.modules[name + "." + group] = at
        for own in _portico.names(group):
            call = _portico.call(group, own)
            setattr(at, own, _waiting(call) if _portico.waits(group, own) else call)
    root.x.exit = _exit
    drop = root.x.drop

    def _drop():
        drop()
        _exit()

    root.x.drop = _drop
    root.x.modf = root.modf = _waiting(_portico.modf)
    sys.modules[name] = root


def _module(name, members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def _router():
    levels = {"ALERT": -5, "BUG": -4, "CRIT2": -3, "CRIT": -2, "ERR": -1, "WARN": 0, "NOTICE": 1, "INFO": 2, "DBG": 3}
    log = {"LM_" + word: _portico.logger(word) for word in levels if word not in ("BUG", "CRIT2")}
    log["LM_GEN1"] = lambda level, text: _portico.log(level, text)
    log["LM_GEN2"] = lambda facility, level, text: _portico.log(level, text)
    log.update({"L_" + word: number for word, number in levels.items()}, DEFAULT_FACILITY=0)
    ranks = {"PROC_ATTENDANT": -10, "PROC_FIFO": -2, "PROC_INIT": -127, "PROC_MAIN": 0, "PROC_MIN": -128}
    ranks.update(PROC_NOCHLDINIT=-128, PROC_RPC=-2, PROC_SIPINIT=1, PROC_SIPRPC=127, PROC_TCP_MAIN=-4)
    ranks.update(PROC_TIMER=-1, PROC_UNIXSOCK=-5)
    members = dict(log)  # the oldest releases had the log functions here
    members["Logger"] = _module("Router.Logger", log)
    members["Ranks"] = _module("Router.Ranks", ranks)
    members["Core"] = _module("Router.Core", {})
    _module("Router", members)


_modf = _waiting(_portico.modf)


class Message:
    """The message that is handled, as scripts of SIP Router know it."""

    __slots__ = ()

    def _get(name):
        return property(lambda self: _portico.field(name))

    Type = _get("Type")
    Method = _get("Method")
    Status = _get("Status")
    RURI = _get("RURI")

    src_address = property(lambda self: (_portico.field("src_ip"), _portico.field("src_port")))
    dst_address = property(lambda self: (_portico.field("dst_ip"), _portico.field("dst_port")))

    def getHeader(self, name):
        return _portico.header(name)

    def call_function(self, *args):
        if not 1 <= len(args) <= 3:
            raise RuntimeError("call_function() should have from 1 to 3 arguments")
        return _modf(*args)

    def rewrite_ruri(self, uri):
        _portico.set_ruri(uri)

    def set_dst_uri(self, uri):
        _portico.set_dst_uri(uri)

    def copy(self):
        return self


Message.__name__ = "msg"
Message.__qualname__ = "msg"
Message.__module__ = "Router"
_message = Message()
_script = None  # the module of the script
_instance = None  # the object whose methods are called


# ---- modules beside the script ----


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        found = _portico.find(name)
        if found is None:
            return None
        file, source, package = found
        spec = importlib.util.spec_from_loader(name, _Loader(file, source), origin=file, is_package=package)
        spec.has_location = True
        return spec


class _Loader:
    def __init__(self, file, source):
        self.file, self.source = file, source

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__file__ = self.file
        _exec(self.source, self.file, module)


def _exec(source, file, module):
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), module.__dict__)


# ---- loading and running ----


def _load():
    # a script that fails leaves the one before in force; what the one before had defined is there when it runs again
    global _instance, _script
    try:
        file, name = _portico.loading("file"), _portico.loading("name")
        before = sys.modules.get(name)
        module = types.ModuleType(name)
        if _script is not None:
            module.__dict__.update(_script.__dict__)
        module.__file__ = file
        sys.modules[name] = module
        try:
            _exec(_portico.loading("source"), file, module)
            instance = _made_by(module)
        except BaseException:
            if before is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = before
            raise
        _script, _instance = module, instance
    except BaseException:
        _portico.failed(_last_trace())
    else:
        _done(1)


def _made_by(module):
    init = getattr(module, _portico.loading("init"), None)
    instance = module if init is None else init()
    if instance is None:
        instance = module
    child_init = getattr(instance, _portico.loading("child_init"), None)
    if child_init is not None:
        code = child_init(1)
        if isinstance(code, int) and code < 0:
            raise RuntimeError(f"the script's child_init returned {code}")
    return instance


def _last_trace():
    # the script's own time is over: what follows is not stopped
    _portico.unwatch()
    if sys.monitoring.get_events(_TOOL):
        sys.monitoring.set_events(_TOOL, 0)
    return _trace()


def _trace():
    # without the frames of this file; the last ones, when there are many
    kind, error, frames = sys.exc_info()
    if kind is _Overrun:
        return error.args[0]
    while frames is not None and frames.tb_frame.f_code.co_filename == "prelude.py":
        frames = frames.tb_next
    return "".join(traceback.format_exception(kind, error, frames, limit=-_FRAMES))


def _has(name):
    return callable(getattr(_instance, name, None))


def _code(result):
    if result is None:  # as there
        return -1
    if not isinstance(result, int):
        raise TypeError(f"an integer is wanted as result, not {type(result).__name__}")
    return (int(result) + 0x80000000) % 0x100000000 - 0x80000000


def _runner(name, count):
    # what the program calls for a message; it never raises
    def run():
        before = _waits
        try:
            method = getattr(_instance, name)
            result = method(_message) if count == 0 else method(_message, *[_portico.argument(i) for i in range(count)])
            if result.__class__ is not int or not -0x80000000 <= result <= 0x7FFFFFFF:
                result = _code(result)
        except SystemExit:
            result = -1
        except BaseException:
            _portico.failed(_last_trace())
            return
        if _waits == before:
            _ended[1] = result
            _ended[0] = 1
        else:
            _done(result)

    return run


def _ended_at():
    return _ended.buffer_info()[0]


# ---- the end of a script that runs for too long ----


class _Overrun(BaseException):
    pass


_TOOL = 1
_FRAMES = 60
_DEEP = 200
_LINE = sys.monitoring.events.LINE
_last_words = ""
_is_wording = False  # while they are put together


def _on_signal(number, frame):
    # from here on every line of the script raises, so that no handler of its own keeps it alive
    global _last_words, _is_wording
    # it may just have ended; what goes on is interrupted again
    if frame is None or frame.f_code.co_filename == "prelude.py" or _is_wording or not _portico.running():
        return
    sys.monitoring.set_events(_TOOL, _LINE)  # first: there may be no room left for what follows
    deep, at = 0, frame
    while at is not None and deep < _DEEP:
        deep, at = deep + 1, at.f_back
    if deep == _DEEP:
        # nothing that needs more room is done there
        code = frame.f_code
        _last_words = f'Traceback (most recent call last):\n  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_name}\n'
        _last_words += "stopped: it ran for too long (time_limit)"
        raise _Overrun(_last_words)
    _is_wording = True
    try:
        frames = [at for at in traceback.format_stack(frame, limit=_FRAMES) if 'File "prelude.py"' not in at]
        _last_words = "Traceback (most recent call last):\n" + "".join(frames) + _portico.overrun()
    finally:
        _is_wording = False
    raise _Overrun(_last_words)


def _on_line(code, line):
    if not _is_wording and code.co_filename != "prelude.py":
        raise _Overrun(_last_words) from None


# ---- the start ----


def _start():
    _settle()
    _tree("KSR")
    _tree("sr")
    _router()
