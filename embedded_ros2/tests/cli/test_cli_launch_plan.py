"""What a launch file makes of its tags, looked at before anything is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ros2cli_embedded.errors import CliError
from ros2cli_embedded.launch.context import LaunchContext
from ros2cli_embedded.launch.plan import LogPlan, ProcessPlan, ShutdownPlan, Step, TimerPlan
from ros2cli_embedded.launch.planner import Planner

from .workbench import Package


@pytest.fixture(autouse=True)
def node(package: Package) -> Path:
    return package.executable("node", "pass")


def planned(package: Package, inside: str, **arguments: str) -> tuple[Step, ...]:
    path = package.launch_file(inside)
    context = LaunchContext(arguments, dict(os.environ), "/log")
    return Planner(context, str(package.prefix)).file(str(path))


def process(package: Package, inside: str, **arguments: str) -> ProcessPlan:
    (step,) = planned(package, inside, **arguments)
    assert isinstance(step, ProcessPlan)
    return step


def parameters(plan: ProcessPlan) -> dict[str, object]:
    """All parameter files of the command, merged."""
    merged: dict[str, object] = {}
    for flag, path in zip(plan.command, plan.command[1:]):
        if flag == "--params-file":
            merged.update(yaml.safe_load(Path(path).read_text()))
    return merged


def messages(steps: tuple[Step, ...]) -> list[str]:
    return [step.message for step in steps if isinstance(step, LogPlan)]


def test_command_of_a_node(package: Package, node: Path) -> None:
    plan = process(
        package,
        """<node pkg="demo" exec="node" name="n" namespace="a" exec_name="label"
             args="--x 'a b' $(var two)c" ros_args="--log-level debug">
             <remap from="image" to="/camera/$(var two)"/></node>""",
        two="1 2",
    )
    assert plan.name == "label"
    assert plan.command == (
        *(str(node), "--x", "a b", "1 2c", "--ros-args", "--log-level", "debug"),
        *("--ros-args", "-r", "__node:=n", "-r", "__ns:=/a", "-r", "image:=/camera/1 2"),
    )
    assert plan.environment["PYTHONUNBUFFERED"] == "1"


def test_parameters_have_the_types_of_yaml(package: Package) -> None:
    plan = process(
        package,
        """<node pkg="demo" exec="node" name="n">
             <param name="i" value="5"/> <param name="f" value="$(var f)"/>
             <param name="b" value="$(var b)"/> <param name="text" type="str" value="5"/>
             <param name="list" value="[1, $(var i)]"/>
             <param name="sep" value="a;b" value-sep=";"/>
             <param name="deep"><param name="er" value="x"/></param>
             <param name="empty" value=""/></node>""",
        f="1.5",
        b="true",
        i="2",
    )
    assert parameters(plan) == {
        "/**": {
            "ros__parameters": {
                "i": 5,
                "f": 1.5,
                "b": True,
                "text": "5",
                "list": [1, 2],
                "sep": ["a", "b"],
                "deep.er": "x",
                "empty": "",
            }
        }
    }


def test_parameters_name_the_node_if_its_namespace_is_known(package: Package) -> None:
    plan = process(
        package,
        '<node pkg="demo" exec="node" name="n" namespace="/a/b"><param name="i" value="5"/></node>',
    )
    assert list(parameters(plan)) == ["/a/b/n"]


def test_parameter_files_keep_their_place(package: Package) -> None:
    (package.share / "p.yaml").write_text("/**: {ros__parameters: {a: $(var x)}}\n")
    plan = process(
        package,
        """<node pkg="demo" exec="node"><param name="a" value="1"/>
             <param from="$(find-pkg-share demo)/p.yaml" allow_substs="true"/>
             <param name="a" value="3"/></node>""",
        x="2",
    )
    files = [b for a, b in zip(plan.command, plan.command[1:]) if a == "--params-file"]
    values = [yaml.safe_load(Path(f).read_text())["/**"]["ros__parameters"]["a"] for f in files]
    assert values == [1, 2, 3]


def test_scopes(package: Package) -> None:
    steps = planned(
        package,
        """<arg name="x" default="0"/>
           <group if="$(equals $(var x) 0)"><let name="x" value="1"/>
             <set_env name="E" value="e"/><push_ros_namespace namespace="ns"/>
             <set_parameter name="use_sim_time" value="true"/><set_remap from="a" to="b"/>
             <log message="in $(var x) $(env E)"/> <node pkg="demo" exec="node" namespace="n"/>
           </group>
           <group scoped="false"><let name="y" value="2"/></group>
           <log message="out $(var x) $(var y) $(env E none)"/>
           <node pkg="demo" exec="node"/>
           <log unless="true" message="never"/>""",
    )
    assert messages(steps) == ["in 1 e", "out 0 2 none"]
    inner, outer = (step for step in steps if isinstance(step, ProcessPlan))
    assert inner.command[1:] == (
        *("--ros-args", "-r", "__ns:=/ns/n", "-p", "use_sim_time:=true", "-r", "a:=b"),
    )
    assert inner.environment["E"] == "e"
    assert outer.command[1:] == ("--ros-args",)


def test_include(package: Package) -> None:
    package.launch_file(
        '<arg name="a"/><let name="b" value="$(var a)!"/><log message="$(var a) $(filename)"/>',
        "inner.launch.xml",
    )
    steps = planned(
        package,
        """<include file="$(dirname)/inner.launch.xml"><arg name="a" value="hi"/></include>
           <log message="$(var b) $(filename)"/>""",
    )
    folder = package.share / "launch"
    assert messages(steps) == [f"hi {folder}/inner.launch.xml", f"hi! {folder}/test.launch.xml"]


def test_timer_shutdown_and_environment(package: Package) -> None:
    timer, stop = planned(
        package,
        """<timer period="$(var t)"><executable cmd="true $(var t)" name="later"/></timer>
           <append_env name="NEW_PATH" value="b"/> <append_env name="NEW_PATH" value="a"
             prepend="true"/> <shutdown reason="$(env NEW_PATH)"/>""",
        t="1.5",
    )
    assert isinstance(timer, TimerPlan)
    assert timer.period_s == 1.5
    assert isinstance(timer.steps[0], ProcessPlan)
    assert timer.steps[0].command == ("true", "1.5")
    assert stop == ShutdownPlan("a:b")


def test_executable(package: Package, tmp_path: Path) -> None:
    plan = process(
        package,
        f"""<executable cmd="$(find-exec sh) -c 'exit 0'" cwd="{tmp_path}" name="s" output="both"
             on_exit="shutdown" respawn="$(var r)" respawn_delay="0.5" sigterm_timeout="1"
             launch-prefix="env -i"><env name="A" value="b"/></executable>""",
        r="false",
        sigkill_timeout="2",
    )
    assert plan.command[:2] == ("env", "-i")
    assert plan.command[3:] == ("-c", "exit 0")
    assert (plan.name, plan.output, plan.cwd) == ("s", "both", str(tmp_path))
    assert plan.shutdown_on_exit
    assert not plan.respawn
    assert (plan.respawn_delay_s, plan.sigterm_timeout_s, plan.sigkill_timeout_s) == (0.5, 1, 2)
    assert plan.environment["A"] == "b"


@pytest.mark.parametrize(
    ("inside", "line", "message"),
    [
        ("\n<node pkg='demo'/>", 3, "attribute 'exec' is missing"),
        ("<node pkg='demo' exec='nod'/>", 2, "did you mean 'node'?; it offers: node"),
        ("<node pkg='dmeo' exec='node'/>", 2, "package 'dmeo' not found; did you mean 'demo'?"),
        ("<node pkg='demo' exec='node' nmae='x'/>", 2, "unexpected attribute 'nmae'"),
        ("<node pkg='demo' exec='node' name='a/b'/>", 2, "node name 'a/b'"),
        ("<node pkg='demo' exec='node' on_exit='explode'/>", 2, "only 'shutdown' is known"),
        ("<node pkg='demo' exec='node' output='scren'/>", 2, "output is 'scren'"),
        ("<node pkg='demo' exec='node' respawn='maybe'/>", 2, "'maybe' is no bool"),
        ("<node pkg='demo' exec='node'>\n<para name='a'/></node>", 3, "<para> is not allowed"),
        ("<node pkg='demo' exec='node'>\n<param name='a'/></node>", 3, "'value' or nested"),
        ("<node pkg='demo' exec='node'><param name='a' value='{b: 1}'/></node>", 2, 'type="str"'),
        ("<node pkg='demo' exec='node'><param from='/no.yaml'/></node>", 2, "/no.yaml"),
        ("<node pkg='demo' exec='node'><param name='a' type='int' value='x'/></node>", 2, "no int"),
        (
            '<node pkg="demo" exec="node" launch-prefix="it\'s"/>',
            2,
            "launch-prefix 'it's': No clos",
        ),
        (
            "<let name='launch-prefix-filter' value='['/>\n<node pkg='demo' exec='node'/>",
            3,
            "launch-prefix-filter '[': unterminated",
        ),
        ("<nod pkg='demo'/>", 2, "unknown tag <nod>; did you mean 'node'?"),
        ("<node_container/>", 2, "ROS 2 launch knows <node_container>, this launcher does not"),
        ("<log message='a'>text</log>", 2, "stray text 'text'"),
        ("<log message='$(var x)'/>", 2, "variable 'x' is not defined"),
        ("<log if='true' unless='true' message=''/>", 2, "exclude each other"),
        ("<log if='maybe' message=''/>", 2, "wanted is true, false, 1 or 0"),
        ("<arg name='a' description='the a'/>", 2, "required argument 'a' (the a) was not given"),
        ("<arg name='a' default='1'><choice value='2'/></arg>", 2, "none of the choices: 2"),
        ("<include file='/no.launch.xml'/>", 2, "'/no.launch.xml' does not exist"),
        ("<include file='$(filename)'/>", 2, "does one include itself?"),
        ("<executable cmd='no_such_program'/>", 2, "'no_such_program' is no executable"),
        ("<executable cmd='true' cwd='/no/folder'/>", 2, "cwd '/no/folder' is no folder"),
        ("<timer period='soon'/>", 2, "period is 'soon'"),
        ("<log message='a'>", 3, "not well-formed XML: mismatched tag"),
        ("<push_ros_namespace namespace='a b'/>", 2, "namespace '/a b'"),
    ],
)
def test_mistakes_name_file_and_line(
    package: Package, inside: str, line: int, message: str
) -> None:
    with pytest.raises(CliError) as caught:
        planned(package, inside)
    text = str(caught.value)
    assert f"test.launch.xml:{line}" in text
    assert message in text
    assert "\n" not in text


def test_other_formats_are_refused(package: Package) -> None:
    (package.share / "launch" / "x.launch.py").write_text("")
    with pytest.raises(CliError, match="is a Python launch file; this launcher reads XML"):
        planned(package, '<include file="$(dirname)/x.launch.py"/>')
