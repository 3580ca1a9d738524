"""The program in the sample image: a static ELF file for Linux, small enough to read in full in this module.

It prints one fixed line, then the contents of ``etc/greeting`` below its working directory, if that file exists. It
needs no C library, loader or shell, so the image runs although it contains almost nothing else.

Sources: System V ABI, "Object Files" and "Program Loading" (ELF); Linux's system call tables for x86_64 and arm64.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

LINE = b"Hello from regtutor: this program was stored in a registry, layer by layer.\n"
GREETING_FILE = "etc/greeting"

_BASE = 0x400000
_HEADERS = struct.calcsize("<16sHHIQQQIHHHHHH") + struct.calcsize("<IIQQQQQQ")


@dataclass(frozen=True)
class _Machine:
    """The ``number`` in the ELF header, and the ``code``: hexadecimal machine code with the same code in assembler.

    ``{line}`` and ``{path}`` are the operand of the instruction that points to the data; ``operand`` computes it from
    the offset of the data and the offset of the instruction. ``{size}`` is the length of the line.
    """

    number: int
    code: tuple[tuple[str, str], ...]
    operand: Callable[[int, int], bytes]
    size: bytes


def _amd64_operand(data: int, row: int) -> bytes:
    """Return the 32-bit distance from the end of the seven-byte instruction."""
    return struct.pack("<i", data - (row + 7))


def _arm64_operand(data: int, row: int) -> bytes:
    """Return the whole instruction ``adr x1, data``, which stores 2 low and 19 high bits of the distance separately."""
    distance = data - row
    return struct.pack("<I", 0x10000001 | (distance & 3) << 29 | (distance >> 2 & 0x7FFFF) << 5)


_AMD64 = _Machine(
    62,
    (
        ("b8 01000000", "mov eax, 1            ; write"),
        ("bf 01000000", "mov edi, 1            ; standard output"),
        ("48 8d 35 {line}", "lea rsi, [rip + line]"),
        ("ba {size}", "mov edx, size of line"),
        ("0f 05", "syscall"),
        ("b8 02000000", "mov eax, 2            ; open"),
        ("48 8d 3d {path}", "lea rdi, [rip + path]"),
        ("31 f6", "xor esi, esi          ; to read"),
        ("0f 05", "syscall"),
        ("85 c0", "test eax, eax"),
        ("78 2a", "js exit               ; no such file"),
        ("89 c7", "mov edi, eax"),
        ("48 81 ec 00100000", "sub rsp, 4096"),
        ("48 89 e6", "mov rsi, rsp"),
        ("ba 00100000", "mov edx, 4096"),
        ("31 c0", "xor eax, eax          ; read"),
        ("0f 05", "syscall"),
        ("85 c0", "test eax, eax"),
        ("7e 11", "jle exit              ; nothing in it"),
        ("89 c2", "mov edx, eax"),
        ("48 89 e6", "mov rsi, rsp"),
        ("bf 01000000", "mov edi, 1"),
        ("b8 01000000", "mov eax, 1            ; write"),
        ("0f 05", "syscall"),
        ("b8 3c000000", "exit: mov eax, 60     ; exit"),
        ("31 ff", "xor edi, edi          ; status 0"),
        ("0f 05", "syscall"),
    ),
    _amd64_operand,
    struct.pack("<I", len(LINE)),
)

_ARM64 = _Machine(
    183,
    (
        ("080880d2", "mov x8, 64            ; write"),
        ("200080d2", "mov x0, 1             ; standard output"),
        ("{line}", "adr x1, line"),
        ("{size}", "mov x2, size of line"),
        ("010000d4", "svc 0"),
        ("080780d2", "mov x8, 56            ; openat"),
        ("600c8092", "mov x0, -100          ; from the working directory"),
        ("{path}", "adr x1, path"),
        ("020080d2", "mov x2, 0             ; to read"),
        ("030080d2", "mov x3, 0"),
        ("010000d4", "svc 0"),
        ("1f0000f1", "cmp x0, 0"),
        ("ab010054", "b.lt exit             ; no such file"),
        ("ff0740d1", "sub sp, sp, 4096"),
        ("e1030091", "mov x1, sp"),
        ("020082d2", "mov x2, 4096"),
        ("e80780d2", "mov x8, 63            ; read"),
        ("010000d4", "svc 0"),
        ("1f0000f1", "cmp x0, 0"),
        ("cd000054", "b.le exit             ; nothing in it"),
        ("e20300aa", "mov x2, x0"),
        ("e1030091", "mov x1, sp"),
        ("200080d2", "mov x0, 1"),
        ("080880d2", "mov x8, 64            ; write"),
        ("010000d4", "svc 0"),
        ("000080d2", "exit: mov x0, 0       ; status 0"),
        ("a80b80d2", "mov x8, 93            ; exit"),
        ("010000d4", "svc 0"),
    ),
    _arm64_operand,
    struct.pack("<I", 0xD2800002 | len(LINE) << 5),
)

MACHINES = {"amd64": _AMD64, "arm64": _ARM64}


def program(architecture: str) -> bytes:
    """Return the program for ``architecture``, ``amd64`` or ``arm64``, as an executable file."""
    machine = MACHINES[architecture]
    body = _machine_code(machine) + LINE + GREETING_FILE.encode() + b"\0"
    size = _HEADERS + len(body)
    start = struct.pack("<4sBBBBB7x", b"\x7fELF", 2, 1, 1, 0, 0)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", start, 2, machine.number, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    # One segment, readable and executable, aligned for machines with pages of 64 KiB.
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return header + segment + body


def _machine_code(machine: _Machine) -> bytes:
    end = len(_assembled(machine, 0))
    return _assembled(machine, end)


def _assembled(machine: _Machine, end: int) -> bytes:
    """Return the machine code, for data that begins at offset ``end``."""
    code = b""
    for hexadecimal, _ in machine.code:
        operands = {
            "line": machine.operand(end, len(code)).hex(),
            "path": machine.operand(end + len(LINE), len(code)).hex(),
            "size": machine.size.hex(),
        }
        code += bytes.fromhex(hexadecimal.format_map(operands))
    return code
