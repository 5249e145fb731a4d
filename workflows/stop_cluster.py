"""End all that a cluster runs, before `ray down`.

    ray submit cluster-onprem.yaml workflows/stop_cluster.py

On machines of one's own `ray down` ends no more than the head's Ray: workers' Ray goes on for a
minute, MLflow and its backup for ever.
"""

from automl_on_ray.command_line import checked, run_command, user_errors_to_exit_codes

UNREACHED = 1


@checked
def stop_cluster() -> None:
    """End Ray on all machines, then MLflow and its backup, after a last copy of its database.

    Run it on the head. A study that runs ends with its Ray; the same command goes on with it later.
    The exit code is 1 if a worker cannot be reached, Ray goes on here, or the last copy cannot be
    made.
    """
    from automl_on_ray.clusters import stop_all

    with user_errors_to_exit_codes():
        ended = stop_all()
    raise SystemExit(0 if ended else UNREACHED)


if __name__ == "__main__":
    run_command(stop_cluster)
