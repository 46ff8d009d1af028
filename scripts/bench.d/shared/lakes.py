"""One lake in two languages: as `lake.toml`, and as what the app of aws-cdk-lib reads."""

# Every zone may have five tables: five grants.
TABLES = ["orders", "customers", "payments", "returns", "visits"]


def zone_names(zones):
    return [f"team-{number:04}" for number in range(zones)]


def zone_block(name):
    granted = ", ".join(f'"{table}"' for table in TABLES)
    return f'[[zone]]\nname = "{name}"\ndescription = "Tables of {name}"\ntables = [{granted}]\n'


def lake_toml(zones):
    columns = 'columns = { id = { type = "int64", required = true }, at = "timestamp(ms)", note = "string" }'
    tables = [f'[[table]]\nname = "{name}"\nfiles = "{name}*.csv"\n{columns}\n' for name in TABLES]
    blocks = [zone_block(name) for name in zone_names(zones)]
    head = 'version = 1\n\n[lake]\nname = "many"\n\n[schedule]\ndaily = "02:30"\non_arrival = true\n'
    return "\n".join([head, *tables, *blocks])


def intent(zones):
    return {
        "name": "many", "environment": "dev", "protected": False, "emptied": False,
        "logsDays": 30, "oldVersionsDays": 30, "tables": TABLES,
        "zones": [{"name": name, "tables": TABLES} for name in zone_names(zones)],
    }
