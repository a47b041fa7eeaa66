# What scripts see of the program: KSR, sr and Router. Run once, before any script; `_portico` is the program's side.
import sys
import types
import traceback

from pyodide.ffi import JsProxy, run_sync

import _portico

_current = _portico.current
_resume = _portico.resume


def _waiting(call):
    # a call that may have to wait: other runs of the script go on meanwhile, so the program is told who goes on
    def run(*args):
        result = call(*args)
        if isinstance(result, JsProxy):
            who = _current()
            try:
                result = run_sync(result)
            finally:
                _resume(who)
        return result

    return run


def _exit(*_):
    sys.exit()


def _tree(name):
    root = types.ModuleType(name)
    for group in _portico.groups():
        at = root
        if group != "":
            at = types.ModuleType(name + "." + group)
            setattr(root, group, at)
        for own in _portico.names(group):
            call = _portico.call(group, own)
            setattr(at, own, _waiting(call) if _portico.waits(group, own) else call)
    root.x.exit = _exit
    drop = root.x.drop

    def _drop():
        drop()
        sys.exit()

    root.x.drop = _drop
    root.x.modf = root.modf = _waiting(_portico.modf)
    sys.modules[name] = root
    return root


def _router():
    module = types.ModuleType("Router")
    names = ["ALERT", "CRIT", "ERR", "WARN", "NOTICE", "INFO", "DBG"]
    for word in names:
        setattr(module, "LM_" + word, _portico.logger(word))
    module.LM_GEN1 = lambda level, text: _portico.log(level, text)
    module.LM_GEN2 = lambda facility, level, text: _portico.log(level, text)
    log = types.ModuleType("Router.Logger")
    for word in names:
        setattr(log, "LM_" + word, getattr(module, "LM_" + word))
    log.LM_GEN1, log.LM_GEN2 = module.LM_GEN1, module.LM_GEN2
    module.Logger = log
    sys.modules["Router"] = module
    sys.modules["Router.Logger"] = log


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

    def call_function(self, name, *args):
        return _modf(name, *[str(arg) for arg in args])

    def rewrite_ruri(self, uri):
        return _portico.set_ruri(uri)

    def set_dst_uri(self, uri):
        return _portico.set_dst_uri(uri)


_message = Message()
_instance = None


def _start():
    _tree("KSR")
    _tree("sr")
    _router()


class _Finder:
    # modules beside the script are read by the program
    @staticmethod
    def find_spec(name, path=None, target=None):
        import importlib.util

        found = _portico.find(name)
        if found is None:
            return None
        file, source, package = found
        loader = _Loader(file, source)
        spec = importlib.util.spec_from_loader(name, loader, origin=file, is_package=package)
        spec.has_location = True
        return spec


class _Loader:
    def __init__(self, file, source):
        self.file, self.source = file, source

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__file__ = self.file
        exec(compile(self.source, self.file, "exec"), module.__dict__)


sys.meta_path.append(_Finder)


def _check(source, file):
    try:
        compile(source, file, "exec")
        return None
    except SyntaxError as error:
        return "".join(traceback.format_exception_only(error)).strip()


def _load(source, file, init_name, child_init_name):
    # a script that fails leaves the one before in force; what is wrong with it is returned
    global _instance
    module = types.ModuleType("kamailio_script")
    module.__file__ = file
    try:
        exec(compile(source, file, "exec"), module.__dict__)
        init = getattr(module, init_name, None)
        instance = init() if init is not None else module
        if instance is None:
            instance = module
        child_init = getattr(instance, child_init_name, None)
        if child_init is not None:
            child_init(1)
    except BaseException:
        return _trace()
    _instance = instance


def _trace():
    # without the frames of this file
    kind, error, frames = sys.exc_info()
    while frames is not None and frames.tb_frame.f_code.co_filename == "prelude.py":
        frames = frames.tb_next
    return "".join(traceback.format_exception(kind, error, frames))


def _has(name):
    return callable(getattr(_instance, name, None))


def _run(run, name, *args):
    _resume(run)
    try:
        method = getattr(_instance, name, None)
        if method is None:
            return _portico.missing(name)
        result = method(_message, *args)
    except SystemExit:
        return 1
    except BaseException:
        return _trace()
    return result if isinstance(result, int) else 1
