"""What tarn renders, resource by resource beside what aws-cdk-lib synthesises for the same intent."""
