"""SQLite's program for a statement (EXPLAIN): whether a scan in it can run more than once.

The program is followed along every path that it may take, whatever the data. What a subroutine returns to, where a
coroutine goes on and what was done `Once` is known for each path; every other branch goes both ways. An instruction
that is not known here may do anything, so the answer is then that the scan can run again.

Source: https://www.sqlite.org/opcode.html
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    # (addr, opcode, p1, p2, p3, p4, ...), as EXPLAIN gives them
    Instruction = tuple[Any, ...]
    # What is known on a path: addresses in registers, and the Once instructions that were passed.
    Registers = frozenset[tuple[int, int]]
    Passed = frozenset[int]
    State = tuple[int, bool, Registers, Passed]

# A program with more states than this is not followed to its end.
MAX_STATES = 50_000


def can_repeat(program: list[Instruction], table: str) -> bool:
    """Whether scans of the table (VFilter, with a plan `table:...`) may begin more than once in one run.

    >>> loop = [(0, "VFilter", 0, 3, 0, "t:"), (1, "ResultRow", 1, 1, 0, None), (2, "VNext", 0, 1, 0, None)]
    >>> can_repeat([*loop, (3, "Halt", 0, 0, 0, None)], "t")
    False
    >>> can_repeat([*loop, (3, "If", 1, 0, 0, None), (4, "Goto", 0, 0, 0, None)], "t")
    True
    """
    # Registers that anything jumps to; what is in all others is of no concern.
    addresses = frozenset(row[2] for row in program if row[1] in _ADDRESSED)
    scans = {i for i, row in enumerate(program) if row[1] == "VFilter" and str(row[5]).partition(":")[0] == table}
    start: State = (0, False, frozenset(), frozenset())
    seen = {start}
    ahead = [start]
    begins = False
    while ahead:
        at, scanned, registers, passed = ahead.pop()
        if at in scans:
            if scanned:
                return True
            begins = scanned = True
        try:
            for after, held, once in _successors(program, addresses, at, registers, passed):
                state = (after, scanned, held, once)
                if state not in seen:
                    seen.add(state)
                    ahead.append(state)
        except _Unknown:
            return True
        if len(seen) > MAX_STATES:
            return True
    # A scan that runs though the program has none belongs to another program.
    return not begins


class _Unknown(Exception):
    """Where the program goes on is not known."""


def _successors(
    program: list[Instruction], addresses: frozenset[int], at: int, registers: Registers, passed: Passed
) -> Iterator[tuple[int, Registers, Passed]]:
    """Where the program may go from an instruction, and what is known there."""
    if not 0 <= at < len(program):
        raise _Unknown
    _, opcode, p1, p2, p3, *_ = program[at]
    if opcode in _STRAIGHT:
        yield at + 1, registers, passed
    elif opcode in _BRANCHES:
        yield at + 1, registers, passed
        if p2 > 0:
            yield p2, registers, passed
    elif opcode == "Halt":
        return
    elif opcode == "Goto":
        yield p2, registers, passed
    elif opcode == "Jump":
        for target in (p1, p2, p3):
            yield target, registers, passed
    elif opcode == "Once":
        if at in passed:
            yield p2, registers, passed
        else:
            yield at + 1, registers, passed | {at}
    elif opcode == "Integer":
        yield at + 1, _holding(registers, p2, p1) if p2 in addresses else registers, passed
    elif opcode in ("Null", "BeginSubrtn"):
        # BeginSubrtn is a Null: a Return that finds it goes on with the next instruction.
        last = max(p2, p3)
        yield at + 1, frozenset([held for held in registers if not p2 <= held[0] <= last]), passed
    elif opcode == "Gosub":
        yield p2, _holding(registers, p1, at), passed
    elif opcode == "Return":
        back = _held(registers, p1)
        if back is not None:
            yield back + 1, registers, passed
        elif p3:
            yield at + 1, registers, passed
        else:
            raise _Unknown
    elif opcode == "InitCoroutine":
        yield p2 or at + 1, _holding(registers, p1, p3 - 1), passed
    elif opcode == "Yield":
        other = _held(registers, p1)
        if other is None:
            raise _Unknown
        yield other + 1, _holding(registers, p1, at), passed
    elif opcode == "EndCoroutine":
        other = _held(registers, p1)
        if other is None or program[other][1] != "Yield":
            raise _Unknown
        # A later Yield comes back to this instruction.
        yield program[other][3], _holding(registers, p1, at - 1), passed
    else:
        raise _Unknown


def _held(registers: Registers, register: int) -> int | None:
    """The address that a register holds on this path."""
    return next((address for number, address in registers if number == register), None)


def _holding(registers: Registers, register: int, address: int) -> Registers:
    return frozenset([*(held for held in registers if held[0] != register), (register, address)])


# Instructions that jump to the address in register p1, or write one there.
_ADDRESSED = frozenset("Gosub Return InitCoroutine Yield EndCoroutine".split())
# Instructions that go on with the next one or at p2.
_BRANCHES = frozenset(
    "Init If IfNot IsNull NotNull IsType IfNullRow Eq Ne Lt Le Gt Ge ElseEq MustBeInt IfPos IfNotZero DecrJumpZero"
    " SeekLT SeekLE SeekGE SeekGT SeekScan SeekRowid IfNoHope NoConflict NotFound Found NotExists Filter Last"
    " IfSizeBetween IfEmpty Sort SorterSort Rewind SorterNext Prev Next IdxLE IdxGT IdxLT IdxGE RowSetRead RowSetTest"
    " SequenceTest SorterCompare VFilter VNext FkIfZero".split()
)
# Instructions that go on with the next one, or end the run.
_STRAIGHT = frozenset(
    "Transaction TableLock Savepoint Explain Noop Trace ReleaseReg CursorHint Abortable HaltIfNull"
    " Int64 Real String8 String SoftNull Blob Variable Move Copy SCopy IntCopy Cast Affinity RealAffinity"
    " TypeCheck CollSeq AddImm Concat Add Subtract Multiply Divide Remainder BitAnd BitOr BitNot ShiftLeft ShiftRight"
    " And Or Not IsTrue ZeroOrNull Compare Permutation Function PureFunc ClrSubtype GetSubtype SetSubtype"
    " OpenRead OpenWrite ReopenIdx OpenDup OpenEphemeral OpenAutoindex SorterOpen OpenPseudo ColumnsUsed Close"
    " Column Offset Count Rowid IdxRowid RowData RowCell SorterData NullRow SeekEnd SeekHit DeferredSeek FinishSeek"
    " MakeRecord Sequence NewRowid Insert Delete ResetCount IdxInsert IdxDelete SorterInsert Clear ResetSorter"
    " RowSetAdd FilterAdd MemMax OffsetLimit ResultRow AggStep AggStep1 AggInverse AggValue AggFinal"
    " VOpen VColumn VInitIn ReadCookie SetCookie CreateBtree ParseSchema FkCounter".split()
)
