"""The controller side: settings, facts and operations that pyinfra runs over an inventory."""
