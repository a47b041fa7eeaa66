# What scripts reach of the system, and scripts that are read without being run. Second part of prelude.py, whose names it uses.
import builtins
import os
import signal
import sys
import time

import pyodide.code
import pyodide.ffi
import pyodide.webloop

# ---- the system ----


def _sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    _wait(_portico.sleep(seconds).promise)


_FILES, _PROCESSES, _NETWORK = 1, 2, 4


def _closed(what):
    def refuse(*args, **more):
        raise PermissionError(what + " is closed to scripts by the parameter system_access")

    return refuse


def _system(command):
    return _wait(_portico.command(os.fsdecode(command)).promise)


def _open_sockets(is_open):
    # in these Python's own libraries suspend the run; the program is told who goes on
    import socket

    def yielding(method):
        def run(*args, **more):
            global _waits
            _waits += 1
            who = _portico.leave()
            try:
                return method(*args, **more)
            finally:
                _portico.enter(who)

        return run

    for name in "accept connect connect_ex recv recv_into recvfrom recvfrom_into send sendall sendto shutdown".split():
        method = getattr(socket.socket, name)
        setattr(socket.socket, name, yielding(method) if is_open else _closed("socket." + name))


def _settle():
    # what differs from run to run and is not in what is kept of an earlier start
    sys.dont_write_bytecode = True
    os.environ.clear()
    os.environ.update(_portico.environment().to_py())
    sys.path.insert(0, _portico.folder())
    sys.meta_path.append(_Finder)
    pyodide.ffi.run_sync = pyodide.webloop.run_sync = _wait
    time.sleep = _sleep
    builtins.exit = builtins.quit = os._exit = _exit
    access = _portico.access()
    if access & _FILES:
        try:
            os.chdir(_portico.directory())
        except OSError:
            pass  # it lies where Python has a system of its own
    os.system = _system if access & _PROCESSES else _closed("os.system")
    _open_sockets(access & _NETWORK)
    if access != _FILES | _PROCESSES | _NETWORK:
        pyodide.code.run_js = _closed("run_js")
        sys.modules["pyodide_js"] = sys.modules["js"] = None
    signal.signal(signal.SIGINT, _on_signal)
    sys.monitoring.use_tool_id(_TOOL, "portico")
    sys.monitoring.register_callback(_TOOL, _LINE, _on_line)


# ---- reading without running ----


def _examine(source, file):
    # as JSON: what Python says of a script as [is an error, text, line, column, last line, column behind it], lines and columns from 1, 0 where
    # it does not say; and the modules the script imports
    import ast
    import json
    import warnings

    said, imports = [], []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", SyntaxWarning)
        try:
            compile(source, file, "exec")
        except SyntaxError as error:
            place = error.lineno, error.offset, error.end_lineno, error.end_offset
            said.append([True, error.msg, *(max(at or 0, 0) for at in place)])
        except (MemoryError, OverflowError, RecursionError, ValueError) as error:
            said.append([True, str(error) or type(error).__name__, 0, 0, 0, 0])
        else:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(source)
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    imports += [name.name for name in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    imports += [node.module] + [node.module + "." + name.name for name in node.names]
        said += [[False, str(each.message), each.lineno, 0, 0, 0] for each in warned if each.category is SyntaxWarning]
    foreign = [name for name in imports if name.split(".")[0] not in sys.stdlib_module_names]
    return json.dumps({"said": said, "imports": foreign})
