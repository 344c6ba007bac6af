"""SQLite's own functions that an analyst uses, each with its signature and what it gives."""

from __future__ import annotations

from ....vtables.functions.catalog import FUNCTIONS, Function

# Functions that give one value for many rows.
AGGREGATES = frozenset(
    "avg count group_concat max median min percentile string_agg sum total json_group_array json_group_object".split()
)

_SQLITE = """
abs(number) | the number without its sign
avg(number) | mean of the rows' values, NULLs left out
ceil(number) | the next whole number above
changes() | rows changed by the last statement
char(code, ...) | the characters with these code points
coalesce(value, value, ...) | the first that is not NULL
count(*) | number of rows; count(x) those where x is not NULL
cume_dist() | window: share of the rows up to this one
date([time, modifier, ...]) | the day as YYYY-MM-DD; date(x, 'unixepoch') of Unix seconds
datetime([time, modifier, ...]) | day and time; datetime(x, 'unixepoch') of Unix seconds
dense_rank() | window: rank without gaps
exp(number) | e to that power
first_value(value) | window: that of the first row of the frame
floor(number) | the next whole number below
format(format, value, ...) | the values written as printf does
glob(pattern, text) | 1 if the text matches the shell pattern
group_concat(value[, separator]) | the rows' values as one text, a comma between
hex(value) | its bytes in hexadecimal
ifnull(value, other) | the value, the other where it is NULL
iif(condition, value, otherwise) | one of the two values, by the condition
instr(text, part) | where the part begins in the text, from 1; 0 for nowhere
json(text) | the text as JSON, checked and without spaces
json_array(value, ...) | the values as a JSON array
json_array_length(json[, path]) | number of its elements
json_each(json[, path]) | a row for each element
json_extract(json, path, ...) | the value at a path such as '$.name'
json_group_array(value) | the rows' values as a JSON array
json_group_object(name, value) | the rows as one JSON object
json_object(name, value, ...) | the pairs as a JSON object
json_tree(json[, path]) | a row for each element, those within others too
json_type(json[, path]) | what it is: object, array, text, integer, ...
json_valid(text) | 1 if the text is JSON
julianday([time, modifier, ...]) | days since noon of 24 November 4714 BC
lag(value[, offset, default]) | window: that of an earlier row
last_value(value) | window: that of the last row of the frame
lead(value[, offset, default]) | window: that of a later row
length(text) | number of characters; of bytes for a BLOB
like(pattern, text) | 1 if the text matches, as LIKE does
ln(number) | natural logarithm
log10(number) | logarithm to the base of 10
log2(number) | logarithm to the base of 2
lower(text) | the text in lower case (ASCII)
ltrim(text[, characters]) | the text without spaces at its start
max(value, ...) | the greatest of the rows, or of the arguments
median(number) | the value in the middle of the rows
min(value, ...) | the least of the rows, or of the arguments
mod(number, divisor) | the remainder of the division
nth_value(value, n) | window: that of the frame's nth row
ntile(n) | window: which of n equal parts the row is in
nullif(value, other) | NULL if both are equal, else the value
octet_length(value) | its size, in bytes
percent_rank() | window: rank from 0 to 1
percentile(number, percent) | the value that this share of the rows does not exceed
power(number, exponent) | the number to that power
printf(format, value, ...) | the values written as printf does
quote(value) | the value as an SQL literal
random() | a whole number by chance
rank() | window: rank, with gaps where rows are equal
replace(text, part, other) | the text with every such part replaced
round(number[, digits]) | the number rounded
row_number() | window: number of the row, from 1
rtrim(text[, characters]) | the text without spaces at its end
sign(number) | -1, 0 or 1
sqlite_version() | version of SQLite
sqrt(number) | square root
strftime(format, time[, modifier, ...]) | the time written by a format such as '%H:%M'
string_agg(value, separator) | the rows' values as one text, the separator between
substr(text, start[, length]) | part of the text, from 1
sum(number) | sum of the rows; NULL for none
time([time, modifier, ...]) | the time of day as HH:MM:SS
timediff(time, time) | the difference, as [+-]YYYY-MM-DD HH:MM:SS
total(number) | sum of the rows as a real; 0.0 for none
trim(text[, characters]) | the text without spaces around it
trunc(number) | the whole part
typeof(value) | its type: null, integer, real, text or blob
unhex(text[, ignored]) | the bytes that hexadecimal stands for
unicode(text) | code point of the first character
unixepoch([time, modifier, ...]) | the time in Unix seconds
upper(text) | the text in upper case (ASCII)
"""
_TABLES = ("json_each", "json_tree")
# What an analyst reaches for first, where nothing was typed.
_COMMON = (
    *("count", "sum", "max", "min", "avg", "group_concat", "human_size", "human_time", "ago", "datetime", "substr"),
    *("length", "lower", "replace", "coalesce", "round", "user", "regex_match", "in_cidr_block"),
)


def documented() -> dict[str, Function]:
    """{name: function} of hostql's own and SQLite's, the common ones first. Tables among them are left out."""
    found = {function.name: function for function in FUNCTIONS}
    for name, function in _sqlite().items():
        if name not in _TABLES:
            found.setdefault(name, function)
    first = {name: found[name] for name in _COMMON if name in found}
    return {**first, **dict(sorted(found.items()))} if first else found


def table_functions() -> list[Function]:
    """The functions that stand where a table does."""
    return [function for name, function in _sqlite().items() if name in _TABLES]


def _sqlite() -> dict[str, Function]:
    found = {}
    for line in _SQLITE.strip().splitlines():
        signature, _, doc = line.partition(" | ")
        function = Function(signature, doc, "", None)
        found[function.name] = function
    return found
