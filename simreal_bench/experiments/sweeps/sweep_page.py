"""What a sweep found, as text and as a page: the best settings, and which of them mattered."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from simreal_common.pages.html_page import fill_page
from simreal_common.pages.svg_plots import Bar, Series, bars, scatter

LEAST_TRIALS = 4  # for importances
SHOWN = 10  # trials in the text
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sweep</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.5em 0}td,th{padding:.2em .9em .2em 0;text-align:left}
tr:nth-child(even){background:#f6f6f6}svg text{font-size:11px;fill:#444}.none{color:#777}
</style></head><body>
<h1>Sweep of the {{ task }} network</h1>
<p>{{ words }}</p>
<h2>What mattered</h2>
{{ importances | safe }}
<p class="none">Share of what parts the better trials from the others that a setting explains
(PED-ANOVA).</p>
<h2>Held-out loss</h2>
{{ curves | safe }}
{% for name, plot in plots.items() %}
<h2>{{ name }}</h2>
{{ plot | safe }}
{% endfor %}
<h2>Trials</h2>
<table><tr><th>trial</th><th>held-out loss</th><th></th>
{% for name in names %}<th>{{ name }}</th>{% endfor %}
</tr>
{% for one in trials %}
<tr><td>{{ one.number }}</td><td>{{ one.loss }}</td><td>{{ one.state }}</td>
{% for name in names %}<td>{{ one.settings[name] }}</td>{% endfor %}
</tr>
{% endfor %}
</table>
</body></html>
"""


def importances(study: optuna.Study) -> dict[str, float]:
    """What share of the loss each setting explains; empty where too few trials came to their end."""
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    if len(complete) < LEAST_TRIALS:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def sweep_summary(study: optuna.Study) -> dict[str, Any]:
    """The figures, for JSON."""
    ended = _ordered(study)
    complete = [one for one in ended if one.state == TrialState.COMPLETE]
    return {
        "trials": len(ended),
        "given_up": sum(one.state == TrialState.PRUNED for one in ended),
        "best": {
            "loss": complete[0].value,
            "settings": complete[0].params,
            **complete[0].user_attrs,
        }
        if complete
        else None,
        "importances": importances(study),
    }


def sweep_text(study: optuna.Study) -> str:
    """For a terminal."""
    lines = [_words(study)]
    for name, share in importances(study).items():
        lines.append(f"  {name:16} explains {share:.0%}")
    for one in _ordered(study)[:SHOWN]:
        row = _row(one)
        settings = " ".join(f"{name}={_shown(value)}" for name, value in one.params.items())
        lines.append(f"  trial {row['number']}: {row['loss']} {row['state']} {settings}")
    return "\n".join(lines)


def sweep_page(study: optuna.Study, task: str) -> str:
    """For a browser."""
    trials = _ordered(study)
    names = sorted({name for one in trials for name in one.params})
    complete = [one for one in trials if one.state == TrialState.COMPLETE]
    return fill_page(
        PAGE,
        task=task,
        words=_words(study),
        importances=bars(
            [Bar(name, 0.0, share) for name, share in importances(study).items()], "share"
        ),
        curves=scatter(
            [
                Series("", [(float(step), loss) for step, loss in one.intermediate_values.items()])
                for one in trials
            ],
            "step",
            "held-out loss",
        ),
        plots={
            name: scatter(
                [
                    Series(
                        "",
                        [
                            (float(one.params[name]), float(one.value or 0.0))
                            for one in complete
                            if isinstance(one.params.get(name), (int, float))
                        ],
                    )
                ],
                name,
                "held-out loss",
            )
            for name in names
        },
        names=names,
        trials=[_row(one) for one in trials],
    )


def _words(study: optuna.Study) -> str:
    ended = _ordered(study)
    up = sum(one.state == TrialState.PRUNED for one in ended)
    return (
        f"{len(ended)} trials, {up} of them given up early. One seed each: what is a little better "
        "may be chance. Train the best with several seeds beside the usual settings, and ask "
        "simreal compare."
    )


def _ordered(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that are over, the best first, those that were given up after the others."""
    ended = [one for one in study.trials if one.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    return sorted(ended, key=lambda one: (one.state != TrialState.COMPLETE, one.value or 0.0))


def _row(trial: FrozenTrial) -> dict[str, Any]:
    given_up = trial.state == TrialState.PRUNED
    last = max(trial.intermediate_values, default=0)
    loss = trial.intermediate_values.get(last, float("nan")) if given_up else trial.value
    return {
        "number": trial.number,
        "loss": _shown(loss),
        "state": f"given up at step {last}" if given_up else "",
        "settings": {name: _shown(value) for name, value in trial.params.items()},
    }


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
