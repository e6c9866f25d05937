"""The engine of many machines: the steps of ``kg.flow`` on Apache Spark."""
