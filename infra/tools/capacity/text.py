"""The answer as text for a terminal."""

from __future__ import annotations

from infra.tools.capacity.answer import Answer, Latency
from infra.tools.capacity.bounds import Bound
from infra.tools.capacity.limits import LIMITS

CHART_WIDTH = 48
_BARS = " ▁▂▃▄▅▆▇█"


def format_time(seconds: float) -> str:
    """Returns a time in the largest unit of which there are at least two."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def format_usd(dollars: float) -> str:
    """Returns an amount with cents, small ones with more digits."""
    return f"${dollars:,.2f}" if dollars >= 0.1 else f"${dollars:.4f}"


def draw_chart(lengths: list[int], width: int = CHART_WIDTH) -> str:
    """Returns a line of `width` bars. Each is the longest queue of its time; the highest is the
    longest of all. A queue that is not empty has a bar."""
    top = max(lengths, default=0)
    if not top:
        return " " * width
    count = len(lengths)
    columns = [
        max(lengths[n * count // width : max(n * count // width + 1, (n + 1) * count // width)])
        for n in range(width)
    ]
    return "".join(_BARS[-(-value * (len(_BARS) - 1) // top)] for value in columns)


def render_queues(answer: Answer) -> list[str]:
    """Returns the queues over time: a header, and a line for admission and for each function."""
    queues = answer.result.queues
    column_s = queues.end_s / CHART_WIDTH
    header = f"queues over {format_time(queues.end_s)}, one column is {format_time(column_s)}"
    lines = [f"{header:<{CHART_WIDTH + 18}} {'longest':>9} {'mean wait':>10}"]
    for name in queues.names:
        lengths = queues.column(name)
        wait = format_time(answer.mean_wait_s(name))
        lines.append(f"{name:<17} {draw_chart(lengths)} {max(lengths):>9,} {wait:>10}")
    return lines


def describe_value(bound: Bound) -> str:
    """Returns the value of a limit with its unit."""
    return f"{bound.value:,g} {bound.limit.unit}"


def _latency(latency: Latency) -> str:
    times = (latency.p50_s, latency.p95_s, latency.p99_s, latency.last_s)
    return " ".join(f"{format_time(seconds):>9}" for seconds in times)


def render_text(answer: Answer) -> str:
    """Returns the whole answer."""
    scenario, within_s = answer.scenario, answer.scenario.within_s
    per_owner = scenario.value("running-jobs")
    lines = [
        f"{scenario.uploads:,} uploads within {format_time(within_s)}: "
        f"{', '.join(scenario.recipes)}",
        f"{scenario.owner_count:,} owners with at most {per_owner:g} running jobs, "
        f"{scenario.parts_in_flight} parts of a stage in flight; seed {scenario.seed}",
        "",
        *render_queues(answer),
        "",
        f"{'limits, the first that binds first':<62} {'value':>18} {'needs':>9}",
    ]
    for bound in answer.bounds:
        mark = "binds" if bound.binds(within_s) else f"{bound.needed_s / within_s:.0%}"
        mark += "" if bound.limit.verified else ", value not verified"
        lines.append(
            f"{bound.limit.title:<62} {describe_value(bound):>18} "
            f"{format_time(bound.needed_s):>9}  {mark}"
        )
    lines += [
        "",
        f"{'from upload to result':<62} {'p50':>9} {'p95':>9} {'p99':>9} {'all done':>9}",
        f"{'now':<62} {_latency(answer.latency)}",
    ]
    for position, row in enumerate(answer.raised):
        label = f"{LIMITS[row.limit].title} → {row.value:,g}"
        lines.append(f"{label:<62} {_latency(row.alone)}")
        if position:
            lines.append(f"{'    together with those above':<62} {_latency(row.together)}")
    for name, state in answer.result.functions.items():
        if state.over_timeout:
            lines.append(
                f"{state.over_timeout:,} units of {name} exceed its timeout of {state.timeout_s} s"
            )
    lines += [
        "",
        f"cost {format_usd(answer.total_cost)}: compute {format_usd(answer.cost.compute)}, "
        f"requests {format_usd(answer.cost.requests)}, objects {format_usd(answer.cost.objects)}, "
        f"instances that start or wait for a rate {format_usd(answer.waiting_cost)}; "
        "without Gemini and Text-to-Speech",
    ]
    return "\n".join(lines)
