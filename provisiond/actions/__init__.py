"""What can be done? One transaction and one journal entry each."""
