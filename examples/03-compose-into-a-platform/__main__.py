"""Two teams on one platform."""

import pulumi
from platform_components import FlinkPlatform

config = pulumi.Config()
platform = FlinkPlatform("platform", config.require_int("replicas"))
common = ["--rate", "20", "--checkpoint-interval", "1000"]
fraud = platform.job("payments", "fraud", "../jobs/build/stateful-v1.jar", common)
stock = platform.job("shop", "stock", "../jobs/build/stateful-v2.jar", [*common, "--keys", "5"])

# Plain JSON: jobs of other stacks find the cluster by a StackReference to this output.
pulumi.export("cluster", platform.cluster.ref)
pulumi.export("states", {"payments/fraud": fraud.state, "shop/stock": stock.state})
