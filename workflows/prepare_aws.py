"""Make what cluster.yaml needs of AWS, once: python workflows/prepare_aws.py --help"""

from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.clusters import prepare_account, read_cluster
from automl_on_ray.command_line import checked, console, run_command, user_errors_to_exit_codes


@checked
def prepare_aws(
    bucket: Annotated[
        str, typer.Option(help="Name of the bucket; made if you have none of this name.")
    ],
    ssh_from: Annotated[
        str, typer.Option(help="Addresses that may log in, such as 203.0.113.7/32.")
    ],
    cluster: Annotated[
        Path,
        typer.Option(help="The file for `ray up`: its head may start no other machines."),
    ] = Path("cluster.yaml"),
    region: Annotated[
        str | None, typer.Option(help="Region of AWS. Default: that of --cluster.")
    ] = None,
    vpc: Annotated[
        str | None, typer.Option(help="VPC of the cluster. Default: the region's default one.")
    ] = None,
) -> None:
    """Make a private bucket, a security group, and a role each for head and workers.

    It needs your own credentials (as the AWS command line finds them), and does no harm a second
    time: run it again when --cluster names other machines. Rules of the security group that it did
    not make stay as they are, and are told.
    """
    with user_errors_to_exit_codes():
        group = prepare_account(read_cluster(cluster, region), bucket, ssh_from, vpc)
        console.print(f"Fill in {cluster}:", soft_wrap=True)
        console.print(f"  FILL_IN_BUCKET             {bucket}", soft_wrap=True)
        console.print(f"  FILL_IN_SECURITY_GROUP_ID  {group}", soft_wrap=True)


if __name__ == "__main__":
    run_command(prepare_aws)
